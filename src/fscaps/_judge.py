"""Findings held against needs: three-valued and monotone. No clock, no disk."""

from __future__ import annotations

import errno
import os

from .model import Engine, Finding, Fitness, Level, Need, Outcome, Pick, Role, Unmet, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_FULL = ("ENOSPC", "EDQUOT")


def judge(findings: Mapping[str, Finding], roles: Iterable[Role]) -> dict[str, Verdict]:
    """What the findings, by probe id, mean for each role. A probe not asked counts as UNKNOWN."""
    return {role.id: _verdict(findings, role) for role in roles}


def pick(findings: Mapping[str, Finding], engine: Engine) -> Pick:
    """The driver that the engine picks by itself: the first of its own whose check is passed."""
    for driver in engine.drivers:
        outcomes = [_outcome(findings, need) for need in driver.chosen_if]
        if Outcome.NO in outcomes:
            continue
        answered = zip(driver.chosen_if, outcomes)
        unsure = [need for need, outcome in answered if outcome is Outcome.UNKNOWN]
        if unsure:
            return Pick(None, None, open=tuple(_unmet(findings, need) for need in unsure))
        return Pick(driver.id, driver.role, driver.price)
    return Pick(None, None)


def _verdict(findings: Mapping[str, Finding], role: Role) -> Verdict:
    met = [(need, _outcome(findings, need)) for need in role.needs]
    blockers, unsure, concerns = [], [], []
    for need, outcome in met:
        if outcome is Outcome.YES:
            continue
        if need.level is Level.SHOULD:
            concerns.append(need)
        elif outcome is Outcome.NO:
            blockers.append(need)
        else:
            unsure.append(need)
    return Verdict(
        id=role.id,
        title=role.title,
        fitness=_fitness(bool(blockers), bool(unsure), bool(concerns)),
        blockers=tuple(_unmet(findings, need) for need in blockers),
        concerns=tuple(_unmet(findings, need) for need in concerns),
        open=tuple(_unmet(findings, need) for need in unsure),
        alternative=role.alternative,
        version=role.version,
        elsewhere=role.newer.elsewhere if role.newer else role.elsewhere,
    )


def _fitness(blocked: bool, unsure: bool, concerned: bool) -> Fitness:  # noqa: FBT001 - three facts
    if blocked:
        return Fitness.UNSUITABLE
    if unsure:
        return Fitness.UNDETERMINED
    return Fitness.DEGRADED if concerned else Fitness.SUITABLE


def _outcome(findings: Mapping[str, Finding], need: Need) -> Outcome:
    outcomes = [_answer(findings, probe.id) for probe in need.any_of]
    if Outcome.YES in outcomes:
        return Outcome.YES
    return Outcome.UNKNOWN if Outcome.UNKNOWN in outcomes else Outcome.NO


def _answer(findings: Mapping[str, Finding], probe: str) -> Outcome:
    found = findings.get(probe)
    return found.outcome if found else Outcome.UNKNOWN


def _unmet(findings: Mapping[str, Finding], need: Need) -> Unmet:
    ids = tuple(probe.id for probe in need.any_of)
    names = [findings[probe].errno for probe in ids if probe in findings]
    texts = (need.says, *(text for _, text in need.reworded))
    says = "\n".join(dict.fromkeys(line for text in texts for line in text.splitlines()))
    full = any(name in _FULL for name in names)
    return Unmet(
        any_of=ids,
        because=need.because,
        source=need.source,
        says=_said(says, next(filter(None, names), None)),
        remedy=(full and need.if_full) or need.remedy,
        since=need.since,
        before=need.before,
    )


def _said(says: str, name: str | None) -> str:
    """With the errno's words, in those of Go's syscall package or in the C library's."""
    words = _words(name)
    return says.replace("{error}", _go(words)).replace("{Error}", words)


def _words(name: str | None) -> str:
    code = getattr(errno, name, None) if name else None
    return os.strerror(code) if isinstance(code, int) else "…"


def _go(words: str) -> str:
    """The C library's words, begun in lower case."""
    return words if words[:2].isupper() else words[:1].lower() + words[1:]
