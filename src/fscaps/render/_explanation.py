"""An explanation for people, and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict

from ..messages import Standing
from ..model import SCHEMA, printable
from ._layout import hanging, result, wrapped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..messages._explanation import Explained, Explanation, Recognised
    from . import Style

_COLORS = {Standing.CONFIRMED: "31", Standing.OPEN: "35", Standing.REFUTED: "32"}
_ORDER = (Standing.CONFIRMED, Standing.OPEN, Standing.REFUTED)
_NOT_KNOWN = (
    "Not known: none of the messages that fscaps knows is in this text. It knows those that "
    "engines and the kernel write about storage. Nor is it the id of a probe or a role (--list)."
)


def as_json(explanation: Explanation) -> str:
    """One line, in ASCII; of the shape that docs/reference/messages.md describes."""
    body = {"schema": SCHEMA, "known": bool(explanation), **asdict(explanation)}
    return json.dumps(body, separators=(", ", ": ")) + "\n"


def as_text(explanation: Explanation, style: Style) -> str:
    """Each message, its causes and what is known of each, wrapped to the style's width."""
    if not explanation:
        return "\n".join(wrapped(_NOT_KNOWN, style)) + "\n"
    blocks = [list(_message(each, explanation, style)) for each in explanation.messages]
    blocks.append([*_notes(explanation, style)])
    return "\n\n".join("\n".join(lines) for lines in blocks if lines) + "\n"


def _message(message: Recognised, explanation: Explanation, style: Style) -> Iterator[str]:
    yield from wrapped(printable(message.line), style, "> ")
    yield from wrapped(message.means, style)
    if style.quiet and not any(cause.standing is Standing.CONFIRMED for cause in message.causes):
        return
    if style.verbose:
        yield from hanging("said by", f"{message.speaker} ({message.id})", style)
        yield from hanging("source", message.source, style)
    if not message.causes:
        yield from wrapped("No cause of this error in this message is known.", style)
    for cause in sorted(message.causes, key=lambda cause: _ORDER.index(cause.standing)):
        if not style.quiet or cause.standing is Standing.CONFIRMED:
            yield from _cause(cause, explanation, style)


def _cause(cause: Explained, explanation: Explanation, style: Style) -> Iterator[str]:
    asked = explanation.path is not None
    label = cause.standing.value if asked else "perhaps"
    lines = list(wrapped(f"{label}: {cause.because}", style, "  ", "      "))
    if style.color:
        color = _COLORS[cause.standing]
        lines[0] = lines[0].replace(f"{label}:", f"\x1b[{color}m{label}:\x1b[0m", 1)
    yield from lines
    for probe in cause.probes:
        found = explanation.findings.get(probe)
        told = result(found) if found else "decides, on a PATH"
        yield from wrapped(f"{probe}: {told}", style, "      ", "          ")
    for what in cause.seen:
        yield from hanging("seen", printable(what), style, "      ")
    if cause.look and cause.standing is Standing.OPEN:
        yield from hanging("look", cause.look, style, "      ")
    if cause.remedy and cause.standing is not Standing.REFUTED:
        yield from hanging("instead", cause.remedy, style, "      ")


def _notes(explanation: Explanation, style: Style) -> Iterator[str]:
    for warning in explanation.warnings:
        yield from hanging("warning", printable(warning), style)
    if explanation.path is not None:
        path = printable(explanation.path)
        note = f"Asked of {path} now; a message may be of another path or another time."
        yield from wrapped(note, style)
    elif any(cause.probes for message in explanation.messages for cause in message.causes):
        yield from wrapped("Add a PATH, and the probes are asked there.", style)
