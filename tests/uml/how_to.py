"""A how-to page as a script: its fenced commands, each on the hosts that the fence names.

A fence opens with ``sh HOST...``: ``sh first second`` runs the block on the one, then on the other.
``page(path)`` finds them; ``script(steps)`` has each run until the first command that fails, and
notes how far it came: a broken command in the page breaks the test.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_FENCE = re.compile(r"^```sh (?P<hosts>[a-z ]+)\n(?P<commands>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    """One block, for one host; of the host ``machine`` they are the script's own functions."""

    name: str  # of its results: the line of the page, or what a test calls its own
    host: str
    commands: str


def page(path: Path) -> list[Step]:
    """All blocks of a page, in order."""
    text, newline = path.read_text(encoding="utf-8"), "\n"
    return [
        Step(f"{text[: fence.start()].count(newline) + 1:03}-{host}", host, fence["commands"])
        for fence in _FENCE.finditer(text)
        for host in fence["hosts"].split()
    ]


def unnamed(path: Path) -> list[str]:
    """The blocks that look like commands and name no host: nobody would run them."""
    fences = re.findall(r"^```(\S*)(.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return [kind + rest for kind, rest in fences[::2] if kind in {"sh", "console", ""} and not rest]


def script(steps: Iterable[Step]) -> str:
    """A script for the machine; what a step prints goes to $RESULTS/NAME.out."""
    return "\n".join(_lines(steps))


def _lines(steps: Iterable[Step]) -> Iterator[str]:
    for step in steps:
        yield f"echo '== {step.name}'"
        if step.host == "machine":
            yield step.commands
            continue
        yield f"on {step.host} >\"$RESULTS/{step.name}.out\" <<'END-OF-STEP' || exit"
        yield step.commands.rstrip("\n")
        yield "END-OF-STEP"
    yield "echo '== done'"
