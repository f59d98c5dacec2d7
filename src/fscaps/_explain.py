"""Explain what an engine or the kernel said: find the messages, ask what decides between causes."""

from __future__ import annotations

import re

from . import messages
from ._sandbox import DEADLINE, TIMEOUT
from ._survey import survey
from .findings import Mounting
from .messages import _paste
from .messages._explanation import Explained, Explanation, Recognised

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._sandbox.child import Child
    from ._survey import StrPath
    from .findings import Finding
    from .messages import Cause, Message
    from .store import Store

    Match = tuple[Message, str, tuple[Cause, ...]]

_QUOTE = 240
_CUT_LINES = 200


def explain(
    text: str,
    path: StrPath | None = None,
    *,
    mount: Mounting | str = Mounting.AUTO,
    timeout: float = TIMEOUT,
    deadline: float = DEADLINE,
    python: str | None = None,
    worker: Child | None = None,
    user: str | int | None = None,
    write: bool = True,
) -> Explanation:
    """Say what an engine's or the kernel's messages in a text mean, and what causes them.

    With a ``path``, the probes that decide between the causes are asked there; the rest is as in
    survey(), which this calls then and whose errors it raises. Without one, every cause is open.
    """
    matches = recognise(text)
    probes = {
        check.probe.id for _, _, causes in matches for cause in causes for check in cause.checks
    }
    if path is None:
        return Explanation(tuple(_recognised(match, {}, None) for match in matches))
    report = survey(
        path,
        only=probes or ("name.option",),  # the path is opened in any case: it may not be there
        mount=mount,
        timeout=timeout,
        deadline=deadline,
        python=python,
        worker=worker,
        user=user,
        write=write,
    )
    findings = {probe: report.findings[probe] for probe in report.findings if probe in probes}
    return Explanation(
        tuple(_recognised(match, findings, report.store) for match in matches),
        report.path,
        findings,
        report.warnings,
    )


def recognise(text: str) -> list[Match]:
    """The messages in a text, in its order: each once, with its line and the causes to consider."""
    found = _in_lines(_paste.lines(text))
    if not found:
        for line in _paste.joined(text):
            found = found or _in_lines([line])
    return list(found.values()) or _cut(_paste.lines(text))


def _cut(lines: list[str]) -> list[Match]:
    """Messages of which a line has only the beginning."""
    found = {
        message.id: (message, line, _considered(message, line))
        for line in lines[-_CUT_LINES:]
        for message in messages.every()
        if _paste.is_cut(line, message.pattern)
    }
    return list(found.values())


def _in_lines(lines: Iterable[str]) -> dict[str, Match]:
    """Each message by its id, with the first line that has it."""
    found: dict[str, Match] = {}
    for line in lines:
        here = [message for message in messages.every() if _search(message.pattern, line)]
        considered = [(message, line, _considered(message, line)) for message in here]
        accounted = any(
            _paste.errnos(line) & set(cause.errnos)
            for message, _, causes in considered
            for cause in causes
            if not _is_bare(message)
        )
        for match in considered:
            if not (accounted and _is_bare(match[0])):
                found.setdefault(match[0].id, match)
    return found


def _is_bare(message: Message) -> bool:
    """Whether it is an errno in words, which a message in the same line may account for."""
    return message.id.startswith("errno/")


def _search(pattern: str, line: str) -> re.Match[str] | None:
    return re.search(pattern, line, re.IGNORECASE)


def _considered(message: Message, line: str) -> tuple[Cause, ...]:
    named = _paste.errnos(line)
    return tuple(
        cause
        for cause in message.causes
        if (not cause.when or _search(cause.when, line))
        and (not cause.errnos or not named or named & set(cause.errnos))
    )


def _recognised(match: Match, findings: dict[str, Finding], store: Store | None) -> Recognised:
    message, line, causes = match
    return Recognised(
        message.id,
        _quote(message, line),
        message.means,
        message.speaker,
        message.source,
        tuple(
            Explained(
                cause.because,
                cause.standing(findings, store),
                tuple(check.probe.id for check in cause.checks),
                cause.look,
                cause.remedy,
                tuple(problem.what for problem in cause.found(store)),
            )
            for cause in causes
        ),
    )


def _quote(message: Message, line: str) -> str:
    """The line, or what of a long one lies around the message."""
    if len(line) <= _QUOTE:
        return line
    match = _search(message.pattern, line)
    start = max(0, (match.start() if match else 0) - 20)
    end = start + _QUOTE
    return ("…" if start else "") + line[start:end] + ("…" if end < len(line) else "")
