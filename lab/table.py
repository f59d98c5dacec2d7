"""The recorded rows as a table: a line for each file system and kernel, a column for each role."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fscaps import Fitness
from lab import results
from lab.filesystems import FILESYSTEMS
from lab.generations import OLDEST
from lab.judging import compared
from lab.outcome import Level
from lab.roles import ROLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lab.judging import Compared
    from lab.results import Row

_LONGEST = 220  # characters of a reason
_SHOWN = 2  # losses of a row

# Lines that an engine ends with whatever the cause, which stands above them.
_STOCK = re.compile(
    r"""See \ .*
    | Run \ '.*' \ for \ more \ information
    | failed \ to \ start \ daemon: .*: \ driver \ not \ supported (: \ \w+)?
    | failed \ to \ start \ containerd: \ timeout .*
    | .* "containerd \ did \ not \ exit \ successfully" .*
    | \[rootlesskit: .*
    | .* exited: \ exit \ status \ \d+
    | : \ exit \ status \ \d+ \.?
    | Error: \ failed \ to \ start \ containers: .*
    """,
    re.VERBOSE,
)


class Sign(enum.Enum):
    """How a cell is drawn: a letter, and a colour that no colour-blind eye takes for another."""

    # The hues of Okabe and Ito (2008); their vermilion darker, which is as grey as their green.
    YES = ("Y", "#009E73", "#000000", "yes")
    LOSES = ("L", "#F0E442", "#000000", "loses something")
    TRIVIAL = ("T", "#56B4E9", "#000000", "trivial images only")
    NO = ("N", "#8C3E00", "#FFFFFF", "no")
    UNRECORDED = ("", "#EEEEEE", "#000000", "not recorded")

    def __init__(self, letter: str, colour: str, ink: str, meaning: str) -> None:
        """Name the parts."""
        self.letter, self.colour, self.ink, self.meaning = letter, colour, ink, meaning


@dataclass(frozen=True)
class Cell:
    """What became of one role on one file system with one version of its engine."""

    sign: Sign
    row: Row
    reason: str


@dataclass(frozen=True)
class Line:
    """One file system on one kernel."""

    filesystem: str
    title: str
    kernel: str
    cells: dict[tuple[str, str], Cell]  # by role and generation

    def cell(self, role: str, generation: str) -> Cell | None:
        """What was recorded there."""
        return self.cells.get((role, generation))


def lines(rows: Iterable[Row]) -> list[Line]:
    """Arrange the rows by file system and kernel, the newest first; its builds are one kernel."""
    made: dict[tuple[str, str], dict[tuple[str, str], Cell]] = {}
    for one in compared(rows, ()):
        row = one.row
        place = made.setdefault((results.version(row["kernel"]), row["filesystem"]), {})
        place[row["role"], row["generation"]] = Cell(_sign(one), row, _reason(one))
    order = sorted(made, key=lambda key: ([-int(n) for n in re.findall(r"\d+", key[0])], key[1]))
    return [
        Line(filesystem, FILESYSTEMS[filesystem].title, version, made[version, filesystem])
        for version, filesystem in order
    ]


def roles(generation: str, rows: Iterable[Row]) -> list[str]:
    """Give the roles that a generation was given, in the order of the register."""
    seen = {row["role"] for row in rows if row["generation"] == generation}
    return [role for role in ROLES if role in seen]


def newer(rows: Iterable[Row]) -> list[str]:
    """Give the generations but the oldest."""
    return sorted({row["generation"] for row in rows} - {OLDEST}, reverse=True)


def versions(role: str, generation: str, rows: Iterable[Row]) -> str:
    """Give the engine and its version for a role."""
    found = {
        row["engine"] for row in rows if (row["role"], row["generation"]) == (role, generation)
    }
    return ", ".join(sorted(found))


def _sign(one: Compared) -> Sign:
    if one.truth is Fitness.UNSUITABLE:
        return Sign.TRIVIAL if one.row["level"] == Level.TRIVIAL.value else Sign.NO
    return Sign.YES if one.truth is Fitness.SUITABLE else Sign.LOSES


def _reason(one: Compared) -> str:
    """The words that tell most: the last, or those about the kind of archive that it was."""
    said = [line.strip() for line in one.row["words"].splitlines() if line.strip()]
    telling = [line for line in said if not is_stock(line)] or said
    about = [line for line in telling if "docker-archive:" in line] or telling[-1:]
    text = f"{one.row['step']}: {about[0]}" if about else abridged(one.losses)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def is_stock(line: str) -> bool:
    """Whether an engine says this whatever the cause is."""
    return _STOCK.fullmatch(line) is not None


def abridged(losses: Sequence[str]) -> str:
    """Give the first losses, and how many more there are."""
    more = [f"and {len(losses) - _SHOWN} more"] if len(losses) > _SHOWN else []
    return "; ".join([*losses[:_SHOWN], *more])
