"""Explain what an engine or the kernel said: find the messages, ask what decides between causes."""

from __future__ import annotations

import re

from . import messages
from ._sandbox import DEADLINE, TIMEOUT
from ._survey import survey
from .findings import Mounting
from .messages import _paste, _wrapped
from .messages._explanation import Explained, Explanation, Recognised
from .messages._needle import can_be_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ._sandbox.child import Child
    from ._survey import StrPath
    from .findings import Finding
    from .messages import Cause, Message
    from .store import Store

    Match = tuple[Message, str, tuple[Cause, ...]]

_QUOTE = 240
_CUT_LINES = 200
_SAYING_LITTLE = {"call": 1, "unpack": 2, "errno": 3}
"""Messages that name but a call, that a layer was to be unpacked, or an errno."""


def explain(
    text: str,
    path: StrPath | None = None,
    *,
    mount: Mounting | str = Mounting.AUTO,
    timeout: float = TIMEOUT,
    deadline: float = DEADLINE,
    on_asking: Callable[[str | None], object] | None = None,
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
        on_asking=on_asking,
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
    pasted = _paste.lines(text)
    candidates = _wrapped.candidates(pasted, messages.every())
    lines = _wrapped.unwrapped(pasted, candidates)
    return list(_in_lines(lines, candidates).values()) or _cut(lines)


def _cut(lines: list[str]) -> list[Match]:
    """Messages of which a line has only the beginning."""
    found = {
        message.id: (message, line, _considered(message, line))
        for line in lines[-_CUT_LINES:]
        for message in messages.every()
        if _paste.is_cut(line, message.pattern)
    }
    return list(found.values())


def _in_lines(lines: Iterable[str], candidates: Sequence[Message]) -> dict[str, Match]:
    """Each message by its id, with the first line that has it."""
    found: dict[str, Match] = {}
    for line in lines:
        low = line.lower()
        possible = (message for message in candidates if can_be_in(message.pattern, low))
        here = sorted((each for each in possible if _search(each.pattern, line)), key=_rank)
        considered = [(message, line, _considered(message, line)) for message in here]
        told = min((_rank(match[0]) for match in considered if _accounts(match)), default=0)
        for match in considered:
            if _rank(match[0]) == 0 or (_rank(match[0]) == told and _accounts(match)):
                found.setdefault(match[0].id, match)
    return found


def _accounts(match: Match) -> bool:
    """Whether the message has causes of the errno that its line names."""
    _, line, causes = match
    named = _paste.errnos(line)
    return any(named & set(cause.errnos) for cause in causes)


def _rank(message: Message) -> int:
    """How little it says: it is told only where none that says more accounts for the errno."""
    return _SAYING_LITTLE.get(message.id.partition("/")[0], 0)


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
