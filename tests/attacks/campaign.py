"""Many trials on one directory: each attacks one call of a run; what went wrong, in words."""

from __future__ import annotations

import multiprocessing
import os
import re
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import fscaps

from . import trial

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .interception import Call
    from .trial import Seen, Trial

_WANTED = os.environ.get("FSCAPS_ATTACKS", "")
EVERY = bool(_WANTED)
"""Whether to attack every call, as before a release, or an even part of them, as CI does.

``all`` is every one at once, a number so many pieces, of which FSCAPS_OFFSET names one.
"""
SCRATCH = re.compile(r"\.fscaps-[0-9a-f]+-\d+-\d+-\d+-[0-9a-f]{16}")


class Attack(NamedTuple):
    """What to do at the first call of that process with at least that index."""

    process: int
    nth: int
    how: str  # who is killed, or the name of the errno

    def meets(self, call: Call) -> bool:
        """Whether this is the call."""
        return call.process == self.process and call.nth >= self.nth


class Aftermath(NamedTuple):
    """What an attack came to."""

    attack: Attack
    hit: Seen | None
    problems: list[str]


def some(attacks: list[Attack], step: int) -> list[Attack]:
    """All of them, or what CI takes: each so many-th of those in the worker, few of the others.

    A prime step meets every kind of attack in turn. FSCAPS_OFFSET moves them on, so that runs with
    another offset take others.
    """
    offset = int(os.environ.get("FSCAPS_OFFSET", "0"))
    if EVERY:
        pieces = int(_WANTED) if _WANTED.isdigit() else 1
        return attacks[offset % pieces :: pieces]
    late = [attack for attack in attacks if attack.process not in (trial.CALLER, trial.STARTING)]
    early = [attack for attack in attacks if attack.process in (trial.CALLER, trial.STARTING)]
    return early[offset % (10 * step) :: 10 * step] + late[offset % step :: step]


def record(base: Path, **options: Any) -> Trial:
    """A run that nobody disturbs, and all its calls."""
    target = base / "recorded"
    target.mkdir()
    with ProcessPoolExecutor(1, mp_context=_CONTEXT, initializer=trial.become_reaper) as pool:
        done = pool.submit(_undisturbed, str(target), options).result()
    assert not survive(done)
    assert done.report is not None
    return done


def survive(done: Trial) -> list[str]:
    """What must never be, whatever is done: a process that stays, a traceback, no answer."""
    problems = []
    if done.lingering:
        problems.append("a process was left")
    if done.bug:
        problems.append(done.bug)
    if len(done.error.splitlines()) > 1:
        problems.append(f"more than a line: {done.error}")
    return problems


def _undisturbed(path: str, options: dict[str, Any]) -> Trial:
    _load_all(path)
    return trial.attempt(path, lambda *_: False, record=True, **options)


def wage(
    one: Callable[[Path, Attack, Any], Aftermath],
    base: Path,
    attacks: Sequence[Attack],
    context: Any = None,
) -> list[Aftermath]:
    """Carry out all attacks, on as many processors as there are, each in a directory below base."""
    places = [base / f"lane{lane}" for lane in range(os.cpu_count() or 1)]
    with ProcessPoolExecutor(
        len(places), mp_context=_CONTEXT, initializer=trial.become_reaper
    ) as pool:
        lanes = [
            pool.submit(_lane, one, place, attacks[lane :: len(places)], context)
            for lane, place in enumerate(places)
        ]
        return [aftermath for lane in lanes for aftermath in lane.result()]


_CONTEXT = multiprocessing.get_context("spawn")


def _load_all(path: str) -> None:
    """Have all that the caller needs loaded, and compiled: the calls are then as many each time."""
    fscaps.survey(path, only=["name.option"])


def _lane(
    one: Callable[[Path, Attack, Any], Aftermath],
    place: Path,
    attacks: Sequence[Attack],
    context: Any,
) -> list[Aftermath]:
    place.mkdir()
    target = place / "target"
    target.mkdir()
    _load_all(str(target))
    return [one(target, attack, context) for attack in attacks]


class Surroundings:
    """What must be the same afterwards: the mounts, and all files but our own scratch."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._before = self._look()

    def _look(self) -> tuple[list[str], list[str]]:
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
        return mounts, os.listdir(self._target.parent)

    def scratch(self) -> list[str]:
        """The scratch directories in the probed directory."""
        return [name for name in os.listdir(self._target) if SCRATCH.fullmatch(name)]

    def foreign(self) -> list[str]:
        """What else lies there; what a sweep left is that, too."""
        return [f"{name} was left" for name in os.listdir(self._target)]

    def problems(self) -> list[str]:
        """How they differ from what they were."""
        return [
            f"{what} changed: {set(before) ^ set(after)}"
            for what, before, after in zip(("mounts", "files"), self._before, self._look())
            if set(before) != set(after)
        ]


def in_words(done: Sequence[Aftermath]) -> str:
    """The problems, each with the attack that led to it."""
    lines = [f"{one.attack} at {one.hit}: {text}" for one in done for text in one.problems]
    return "\n".join([f"{len(lines)} problems", *lines[:60]])
