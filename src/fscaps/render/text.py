"""For people: the answer, what failed first and what to do about it, then the rest in short."""

from __future__ import annotations

import re
import textwrap

from ..model import Attachment, Fitness, Outcome, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Optional

    from ..model import Advice, Finding, Pick, Report, Unmet, Verdict
    from . import Style

    Line = tuple[str, Optional[Fitness], str]  # a heading, its colour, the words behind it

_NAMED = 3
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
_AT_HOME = (Attachment.LOCAL, Attachment.MEMORY, Attachment.UNKNOWN)


def render(report: Report, style: Style) -> str:
    """The report in words, wrapped to the style's width; the answer alone if it is quiet."""
    lines = list(_headlines(report, style))
    if not style.quiet:
        roles = _each_role if style.verbose else _engines
        for part in (_where, _store, roles, _reasons, _placement, _warnings, _findings):
            block = list(part(report, style))
            if block:
                lines += ["", *block]
    return "\n".join(_harmless(line, style) for line in lines) + "\n"


def _harmless(line: str, style: Style) -> str:
    """What a terminal takes for text or our own colours: a loaded report may hold anything."""
    if line.isprintable():
        return line
    if not style.color:
        return printable(line)
    return "".join(
        part if _COLOR.fullmatch(part) else printable(part) for part in _COLOR.split(line)
    )


def _headlines(report: Report, style: Style) -> Iterator[str]:
    path = printable(report.path)
    for engine in report.engines:
        yield from _wrapped(_paint(style, _answer(path, _usual(report, engine))), style)
    if not report.engines:
        yield f"{path}: nothing was judged"


def _usual(report: Report, engine: str) -> list[Verdict]:
    """The verdicts on an engine as it is if nobody chooses otherwise."""
    own = report.of_engine(engine)
    return [verdict for verdict in own if not verdict.alternative] or list(own)


def _answer(path: str, own: list[Verdict]) -> tuple[str, Fitness]:
    whole = own[0]
    parts = _first_of([verdict.title for verdict in own[1:] if verdict.fitness.fits])
    if whole.fitness is Fitness.SUITABLE:
        return f"{path} can back {whole.title}.", Fitness.SUITABLE
    if whole.fitness is Fitness.DEGRADED:
        return f"{path} can back {whole.title}, but something is lost.", Fitness.DEGRADED
    if whole.fitness is Fitness.UNDETERMINED:
        rest = f" It can back {parts}." if parts else ""
        text = f"Whether {path} can back {whole.title} could not be established.{rest}"
        return text, Fitness.UNDETERMINED
    unknown = _first_of([v.title for v in own if v.fitness is Fitness.UNDETERMINED])
    unsure = f" Not established: {unknown}." if unknown else ""
    if parts:
        text = f"{path} can back only {parts}, not {whole.title}.{unsure}"
    elif unsure or len(own) == 1:
        text = f"{path} cannot back {whole.title}.{unsure}"
    else:
        text = f"{path} can back neither {whole.title} nor {own[-1].title}."
    return text, Fitness.UNSUITABLE


def _where(report: Report, style: Style) -> Iterator[str]:
    mount, host = report.mount, report.host
    if report.resolved and report.resolved != report.path:
        yield from _hanging("leads to", printable(report.resolved), style)
    if mount:
        below = f" ({', '.join(mount.devices)})" if mount.devices else ""
        text = f"{mount.type} from {mount.source}{below}, mounted on {mount.point}"
        yield from _hanging("lies on", printable(text), style)
    if host:
        user = "root" if host.euid == 0 else f"user {host.euid}, not root"
        yield from _hanging("asked", printable(f"Linux {host.kernel}, as {user}"), style)


def _store(report: Report, style: Style) -> Iterator[str]:
    if report.store:
        from ._store import lines  # noqa: PLC0415 - most paths hold none

        yield from lines(report.store, style)


def _enumerated(words: Iterable[str]) -> str:
    *others, last = (*words, "")[:-1] or ("",)
    return f"{', '.join(others)} and {last}" if others else last


def _first_of(titles: list[str]) -> str:
    """All of a few, or the first of many and how many more; the rest is in the table."""
    if len(titles) > _NAMED:
        titles = [*titles[: _NAMED - 1], f"{len(titles) - _NAMED + 1} more"]
    return _enumerated(titles)


def _each_role(report: Report, style: Style) -> Iterator[str]:
    width = max((len(role) for role in report.verdicts), default=0)
    for verdict in report.verdicts.values():
        heading = verdict.fitness.value
        start = f"{verdict.id:<{width}}  {heading:<13} "
        first, *more = _row(start, verdict.title, style)
        yield first.replace(heading, _paint(style, (heading, verdict.fitness)), 1)
        yield from more


def _engines(report: Report, style: Style) -> Iterator[str]:
    """For each engine its roles by what the path is worth to them, and what one could do else."""
    for engine in report.engines:
        label = engine
        for heading, fitness, words in (*_by_fitness(report, engine), *_choices(report, engine)):
            start = f"{label:<10}  {heading:<13} "
            first, *more = _row(start, words, style)
            yield first.replace(heading, _paint(style, (heading, fitness)), 1) if fitness else first
            yield from more
            label = ""


def _by_fitness(report: Report, engine: str) -> Iterator[Line]:
    for fitness in Fitness:
        roles = [verdict for verdict in _usual(report, engine) if verdict.fitness is fitness]
        if roles:
            yield fitness.value, fitness, ", ".join(map(_name, roles))


def _choices(report: Report, engine: str) -> Iterator[Line]:
    """What the engine would pick by itself, and what else would work, where not all is well."""
    whole, picked = _usual(report, engine)[0], report.picks.get(engine)
    if picked and not (picked.role == whole.id and whole.fitness.fits):
        words = _pick(report, picked)
        if words:
            yield "picks itself", None, words
    others = report.alternatives(engine)
    if others and whole.fitness is not Fitness.SUITABLE:
        words = ", ".join(f"{_name(other)} ({other.fitness.value})" for other in others)
        yield "or choose", None, words


def _pick(report: Report, picked: Pick) -> str:
    """The driver, how well it works, and its price; or what the choice hangs on."""
    if picked.driver is None:
        return " ".join(need.because for need in picked.open[:1])
    verdict = report.verdicts.get(picked.role or "")
    worth = f" ({verdict.fitness.value})" if verdict else ""
    return f"{picked.driver}{worth}" + (f": {picked.price}" if picked.price else "")


def _name(verdict: Verdict) -> str:
    return verdict.id.partition("/")[2]


def _reasons(report: Report, style: Style) -> Iterator[str]:
    """Why roles do not fit: each unmet need once, and each remedy once.

    In short, a probe is told of under the first role that it decides, and of the others only that
    it was; and where an engine's most demanding role is suitable, what the others lack is left to
    -v, as is what the alternatives lack.
    """
    told: set[object] = set()
    remedies: set[str] = set()
    for verdict in report.verdicts.values() if style.verbose else _in_question(report):
        short = not style.verbose
        needs = {(short and need.any_of) or need: need for need in _decisive(verdict)}
        fresh = [need for key, need in needs.items() if key not in told]
        above = [need for key, need in needs.items() if key in told]
        told.update(needs)
        if fresh:
            yield f"{_heading(verdict)} {verdict.id}:"
        elif above and verdict is report.of_engine(verdict.engine)[0]:
            yield from _wrapped(f"{_heading(verdict)} {verdict.id}: {_ids(above)}, as above", style)
        for need in fresh:
            yield from _need(report, need, style)
            if need.remedy and need.remedy not in remedies:
                yield from _hanging("instead", need.remedy, style, "    ")
            remedies.add(need.remedy)


def _in_question(report: Report) -> Iterator[Verdict]:
    for engine in report.engines:
        own = _usual(report, engine)
        if own[0].fitness is not Fitness.SUITABLE:
            yield from own


def _ids(needs: list[Unmet]) -> str:
    return ", ".join(" or ".join(need.any_of) for need in needs)


def _decisive(verdict: Verdict) -> tuple[Unmet, ...]:
    """What blocks; open questions where nothing does; losses where all the rest is met."""
    return verdict.blockers or verdict.open or verdict.concerns


def _heading(verdict: Verdict) -> str:
    if verdict.fitness is Fitness.UNSUITABLE:
        return "Why not"
    return "What is lost for" if verdict.fitness is Fitness.DEGRADED else "What is not known for"


def _need(report: Report, need: Unmet, style: Style) -> Iterator[str]:
    for probe in need.any_of:
        found = report.findings.get(probe)
        if found:
            yield from _wrapped(f"{probe}: {_result(found)}", style, "  ", "      ")
    yield from _wrapped(need.because, style, "    ")
    if need.says:
        for line in need.says.splitlines():
            yield from _hanging("it says", printable(line), style, "    ")
    if style.verbose:
        yield from _hanging("source", need.source, style, "    ")


def _result(found: Finding) -> str:
    why = _why(found)
    separator = " " if why.startswith("(") or not why else ", "
    return f"{found.outcome.value}{separator}{why}".rstrip()


def _why(found: Finding) -> str:
    """The reason, the errno and the detail, as far as there are any."""
    words = [found.reason.value] if found.reason else []
    if found.errno:
        words.append(printable(found.errno))
    said = ", ".join(words)
    return f"{said} ({printable(found.detail)})".strip() if found.detail else said


def _placement(report: Report, style: Style) -> Iterator[str]:
    """Whether the data could be moved or shared; in short only where that suggests itself."""
    placed = report.placement
    if not placed or (placed.attachment in _AT_HOME and not style.verbose):
        return
    yield from _advice("move it", placed.migrate, style)
    yield from _advice("share it", placed.share_read_only, style, "read-only")
    yield from _advice("", placed.share_read_write, style, "read-write")
    for number, other in enumerate(placed.instead):
        text = f"{other.because}: {other.condition}{_by(other)}"
        yield from _hanging("" if number else "or", text, style)


def _advice(label: str, advice: Advice, style: Style, what: str = "") -> Iterator[str]:
    answer = f"{what}: {advice.answer.value}" if what else advice.answer.value
    condition = f"; {advice.condition}" if advice.condition else ""
    yield from _hanging(label, f"{answer}, {advice.because}{condition}{_by(advice)}", style)


def _by(advice: Advice) -> str:
    return f" ({', '.join(advice.roles)})" if advice.roles else ""


def _warnings(report: Report, style: Style) -> Iterator[str]:
    for warning in report.warnings:
        yield from _hanging("warning", printable(warning), style)


def _findings(report: Report, style: Style) -> Iterator[str]:
    findings = report.findings.values()
    if not style.verbose:
        counts = ", ".join(
            f"{sum(found.outcome is outcome for found in findings)} {outcome.value}"
            for outcome in Outcome
        )
        yield f"{len(report.findings)} questions: {counts}. Use -v to see each."
        return
    for found in findings:
        word = _paint(style, (f"{found.outcome.value:<8}", found.outcome))
        value = "" if found.value is None else f" {printable(str(found.value))}"
        line = f"{found.probe:<26} {word}{value} {_why(found)}".rstrip()
        yield from _wrapped(line, style, "", " " * 27)


def _paint(style: Style, what: tuple[str, Fitness | Outcome]) -> str:
    text, kind = what
    return f"\x1b[{_COLORS[kind]}m{text}\x1b[0m" if style.color else text


def _hanging(label: str, text: str, style: Style, indent: str = "") -> Iterator[str]:
    start = f"{indent}{label + ':' if label else '':<9} "
    yield from _wrapped(text, style, start, " " * len(start))


def _row(start: str, text: str, style: Style) -> list[str]:
    """A line at least: what was loaded may have nothing to say."""
    return list(_wrapped(text, style, start, " " * len(start))) or [start]


def _wrapped(text: str, style: Style, first: str = "", rest: str | None = None) -> Iterator[str]:
    yield from textwrap.wrap(
        text,
        width=max(style.width, 40),
        initial_indent=first,
        subsequent_indent=first if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
