"""What became of the work that an engine was given."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Level(str, Enum):
    """How well a directory serves."""

    YES = "yes"
    LOSES = "loses"  # everything runs, but not everything is kept
    TRIVIAL = "trivial"  # an image of busybox alone works
    NO = "no"


@dataclass(frozen=True)
class Outcome:
    """What became of a course."""

    level: Level
    driver: str | None = None  # the one that the engine has chosen
    step: str = ""  # where the course ended, if it did not finish
    words: str = ""  # what the client said there, or else the daemon; verbatim
    losses: tuple[str, ...] = ()
    complaints: tuple[str, ...] = ()  # warnings and errors of the engine's log
    seconds: float = 0.0


class Stopped(Exception):  # noqa: N818 - the course ended early, which is an answer
    """The course cannot go on."""

    def __init__(self, step: str, words: str) -> None:
        """Keep the step and the engine's words."""
        super().__init__(step)
        self.step, self.words = step, words
