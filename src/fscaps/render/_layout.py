"""Lines for people: wrapped, indented, coloured; and a finding in words."""

from __future__ import annotations

import re
import textwrap

from ..model import Fitness, Outcome, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..model import Finding
    from . import Style

_COLORS = {
    Fitness.SUITABLE: "32",
    Fitness.DEGRADED: "33",
    Fitness.UNSUITABLE: "31",
    Fitness.UNDETERMINED: "35",
    Outcome.YES: "32",
    Outcome.NO: "31",
    Outcome.UNKNOWN: "35",
}

_COLOR = re.compile(r"(\x1b\[(?:0|3[1235])m)")


def painted(style: Style, what: tuple[str, Fitness | Outcome]) -> str:
    """The text in the colour of what it says, if the style has any."""
    text, kind = what
    return f"\x1b[{_COLORS[kind]}m{text}\x1b[0m" if style.color else text


def hanging(label: str, text: str, style: Style, indent: str = "") -> Iterator[str]:
    """A label, and the text behind it, below which its further lines stand."""
    start = f"{indent}{label + ':' if label else '':<9} "
    yield from wrapped(text, style, start, " " * len(start))


def row(start: str, text: str, style: Style) -> list[str]:
    """A line at least: what was loaded may have nothing to say."""
    return list(wrapped(text, style, start, " " * len(start))) or [start]


def wrapped(text: str, style: Style, first: str = "", rest: str | None = None) -> Iterator[str]:
    """The text in lines of the style's width; a word that is longer stands whole."""
    yield from textwrap.wrap(
        text,
        width=max(style.width, 40),
        initial_indent=first,
        subsequent_indent=first if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def result(found: Finding) -> str:
    """The answer and why: ``no, EIO (mkdir: …)``."""
    reasons = why(found)
    separator = " " if reasons.startswith("(") or not reasons else ", "
    return f"{found.outcome.value}{separator}{reasons}".rstrip()


def why(found: Finding) -> str:
    """The reason, the errno and the detail, as far as there are any."""
    words = [found.reason.value] if found.reason else []
    if found.errno:
        words.append(printable(found.errno))
    said = ", ".join(words)
    return f"{said} ({printable(found.detail)})".strip() if found.detail else said


def harmless(line: str, style: Style) -> str:
    """What a terminal takes for text or our own colours: a loaded report may hold anything."""
    if line.isprintable():
        return line
    if not style.color:
        return printable(line)
    return "".join(
        part if _COLOR.fullmatch(part) else printable(part) for part in _COLOR.split(line)
    )
