"""For people: why a role does not fit, or what is lost, what the engine says then, and the cure."""

from __future__ import annotations

from ..model import Fitness, Outcome, Reason, printable
from ._layout import hanging, result, wrapped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..model import Finding, Unmet, Verdict
    from ..report import Report
    from . import Style


def lines(report: Report, style: Style) -> Iterator[str]:
    """Why roles do not fit: each unmet need once, and each remedy once.

    In short, a probe is told of under an engine's first role that it decides, and of its others
    only that it was; and where an engine's most demanding role is suitable, what the others lack is
    left to -v, as is what the alternatives lack.
    """
    seen: set[str] = set()
    told: set[object] = set()
    remedies: set[str] = set()
    for verdict in report.verdicts.values() if style.verbose else _in_question(report):
        needs: dict[object, list[Unmet]] = {}
        for need in _decisive(verdict):
            needs.setdefault(_key(need, verdict, style), []).append(need)
        fresh = [same for key, same in needs.items() if key not in told]
        above = [same[0] for key, same in needs.items() if key in told]
        told.update(needs)
        if fresh:
            yield f"{_heading(report, verdict)} {verdict.id}:"
        elif above and verdict is report.of_engine(verdict.engine)[0]:
            words = f"{_heading(report, verdict)} {verdict.id}: {_ids(above)}, as above"
            yield from wrapped(words, style)
        asked = [same for same in fresh if style.verbose or not _is_unasked(report, same[0])]
        asked = asked or fresh[:1]
        unasked = [same[0] for same in fresh if same not in asked]
        for need, *others in asked:
            yield from _need(report, need, style, seen)
            if not verdict.version:
                yield from _versions((need, *others), verdict.engine, style)
            remedy = "" if _wants_rights(report, need) else need.remedy
            if remedy and remedy not in remedies:
                yield from hanging("instead", remedy, style, "    ")
            remedies.add(remedy)
        if unasked:
            yield from hanging("not asked", _ids(unasked), style, "  ")


def _key(need: Unmet, verdict: Verdict, style: Style) -> object:
    """What needs have in common that are told of once."""
    return need if style.verbose or not need.any_of else (verdict.engine, need.any_of)


def _in_question(report: Report) -> Iterator[Verdict]:
    for engine in report.engines:
        own = report.usual(engine)
        if own[0].fitness is not Fitness.SUITABLE:
            yield from own


def _ids(needs: list[Unmet]) -> str:
    return ", ".join(" or ".join(need.any_of) for need in needs)


def _decisive(verdict: Verdict) -> tuple[Unmet, ...]:
    """What blocks; open questions where nothing does; losses where all the rest is met."""
    return verdict.blockers or verdict.open or verdict.concerns


def _found(report: Report, need: Unmet) -> list[Finding]:
    return [report.findings[probe] for probe in need.any_of if probe in report.findings]


def _is_unasked(report: Report, need: Unmet) -> bool:
    """Whether it is open for want of an answer that is told of anyway, or by request."""
    found = _found(report, need)
    return bool(found) and all(one.reason is Reason.SKIPPED for one in found)


def _wants_rights(report: Report, need: Unmet) -> bool:
    """Whether more rights would answer: nothing is wrong yet that the remedy would cure."""
    found = _found(report, need)
    return any(one.reason is Reason.PRIVILEGE for one in found)


def is_known(report: Report, need: Unmet) -> bool:
    """Whether the need is unmet for certain: nothing that could meet it is unknown."""
    found = _found(report, need)
    return not any(one.outcome is Outcome.UNKNOWN for one in found)


def _heading(report: Report, verdict: Verdict) -> str:
    if verdict.fitness is Fitness.UNSUITABLE:
        return "Why not"
    if verdict.fitness is Fitness.UNDETERMINED:
        return "What is not known for"
    known = any(is_known(report, need) for need in verdict.concerns)
    return "What is lost for" if known else "What may be lost for"


def _need(report: Report, need: Unmet, style: Style, seen: set[str]) -> Iterator[str]:
    for probe in need.any_of:
        found = report.findings.get(probe)
        if found:
            answer = f"{found.outcome.value}, as above" if probe in seen else result(found)
            yield from wrapped(f"{probe}: {answer}", style, "  ", "      ")
            seen.add(probe)
    yield from wrapped(need.because, style, "    ")
    for line in need.says.splitlines() if is_known(report, need) else ():
        if line != "…":  # the words of an error that nobody knows
            yield from hanging("it says", printable(line), style, "    ")
    if style.verbose:
        yield from hanging("source", need.source, style, "    ")


def _versions(same: tuple[Unmet, ...], engine: str, style: Style) -> Iterator[str]:
    """Of which versions of the engine it holds, where that is not all."""
    if not _is_of_all(same):
        spans = ", and ".join(map(_span, same))
        text = f"for {engine} {spans}; --for {engine}@VERSION judges for yours"
        yield from hanging("holds", text, style, "    ")


def _is_of_all(same: tuple[Unmet, ...]) -> bool:
    """Whether each begins where the one before it ends, the first and the last nowhere."""
    ends = [need.before for need in same]
    return [need.since for need in same] == ["", *ends[:-1]] and not ends[-1]


def _span(need: Unmet) -> str:
    ends = [f"since {need.since}"] if need.since else []
    ends += [f"before {need.before}"] if need.before else []
    return " and ".join(ends)
