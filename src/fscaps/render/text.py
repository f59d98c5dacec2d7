"""For people: the answer, what failed first and what to do about it, then the rest in short."""

from __future__ import annotations

from ..model import Attachment, Fitness, Outcome, printable
from . import _reasons
from ._layout import hanging, harmless, painted, row, why, wrapped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Optional

    from ..model import Advice, Host, Pick, Verdict
    from ..report import Report
    from . import Style

    Line = tuple[str, Optional[Fitness], str]  # a heading, its colour, the words behind it

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_ROOTS = ("CAP_SYS_ADMIN", "CAP_MKNOD")
"""What the most is asked with, and containers of root's often lack."""
_AT_HOME = (Attachment.LOCAL, Attachment.MEMORY, Attachment.UNKNOWN)


def render(report: Report, style: Style) -> str:
    """The report in words, wrapped to the style's width; the answer alone if it is quiet."""
    lines = list(_headlines(report, style))
    if not style.quiet:
        roles = _each_role if style.verbose else _engines
        for part in (_where, _store, roles, _reasons.lines, _placement, _warnings, _findings):
            block = list(part(report, style))
            if block:
                lines += ["", *block]
    return "\n".join(harmless(line, style) for line in lines) + "\n"


def _headlines(report: Report, style: Style) -> Iterator[str]:
    for engine in report.engines:
        yield from wrapped(painted(style, _answer(report, engine)), style)
    if not report.engines:
        yield f"{printable(report.path)}: nothing was judged"


def _answer(report: Report, engine: str) -> tuple[str, Fitness]:
    path, own = printable(report.path), report.usual(engine)
    whole = own[0]
    parts = _enumerated([verdict.title for verdict in own[1:] if verdict.fitness.fits])
    if whole.fitness is Fitness.SUITABLE:
        return f"{path} can back {whole.title}.", Fitness.SUITABLE
    if whole.fitness is Fitness.DEGRADED:
        known = not whole.concerns or any(_reasons.is_known(report, it) for it in whole.concerns)
        lost = "is lost" if known else "may be lost"
        return f"{path} can back {whole.title}, but something {lost}.", Fitness.DEGRADED
    if whole.fitness is Fitness.UNDETERMINED:
        rest = f" It can back {parts}." if parts else ""
        text = f"Whether {path} can back {whole.title} could not be established.{rest}"
        return text, Fitness.UNDETERMINED
    unknown = _enumerated([v.title for v in own if v.fitness is Fitness.UNDETERMINED])
    unsure = f" Not established: {unknown}." if unknown else ""
    if parts:
        text = f"{path} cannot back {whole.title}, only {parts}.{unsure}"
    elif unsure or len(own) == 1:
        text = f"{path} cannot back {whole.title}.{unsure}"
    else:
        text = f"{path} can back neither {whole.title} nor any part of it."
    return text, Fitness.UNSUITABLE


def _where(report: Report, style: Style) -> Iterator[str]:
    mount, host = report.mount, report.host
    if report.resolved and report.resolved != report.path:
        yield from hanging("leads to", printable(report.resolved), style)
    if mount:
        below = f" ({', '.join(mount.devices)})" if mount.devices else ""
        text = f"{mount.type} from {mount.source}{below}, mounted on {mount.point}"
        yield from hanging("lies on", printable(text), style)
    if report.placement and report.placement.attachment is Attachment.MEMORY:
        yield from hanging("kept", "until this host restarts: it is in memory", style)
    room = _room(report)
    if room:
        yield from hanging("room", room, style)
    if host:
        yield from hanging("asked", printable(f"Linux {host.kernel}, as {_who(host)}"), style)
    named = [verdict for verdict in report.verdicts.values() if verdict.version]
    versions = dict.fromkeys(f"{verdict.engine} {verdict.version}" for verdict in named)
    if versions:
        yield from hanging("judged", printable(f"for {', '.join(versions)}"), style)


def _room(report: Report) -> str:
    """What is free, where that was asked: how much an engine needs is for its user to know."""
    free, inodes = (
        found.value if found and isinstance(found.value, int) else None
        for found in (report.findings.get("space.free"), report.findings.get("space.inodes"))
    )
    files = "" if inodes is None else f", for {inodes:,} files"
    return "" if free is None else f"{_size(free)} free{files}"


def _size(count: int) -> str:
    """Bytes in the largest unit of which there is one."""
    units = min(max(count.bit_length() - 1, 0) // 10, len(_UNITS) - 1)
    number = count / 1024**units
    return f"{number:.1f} {_UNITS[units]}" if units else f"{count} bytes"


def _who(host: Host) -> str:
    if host.euid:
        return f"user {host.euid}, not root"
    lacking = " and ".join(one for one in _ROOTS if one not in host.capabilities)
    if not lacking and host.initial_user_namespace:
        return "root"
    rights = f", without {lacking}" if lacking else ""
    inside = "" if host.initial_user_namespace else " of a user namespace"
    return f"root{inside}{rights}; in a container, ask on its host or in a privileged one"


def _store(report: Report, style: Style) -> Iterator[str]:
    if report.store:
        from ._store import lines  # noqa: PLC0415 - most paths hold none

        yield from lines(report.store, style)


def _enumerated(words: Iterable[str]) -> str:
    *others, last = (*words, "")[:-1] or ("",)
    return f"{', '.join(others)} and {last}" if others else last


def _each_role(report: Report, style: Style) -> Iterator[str]:
    width = max((len(role) for role in report.verdicts), default=0)
    for verdict in report.verdicts.values():
        heading = verdict.fitness.value
        start = f"{verdict.id:<{width}}  {heading:<13} "
        first, *more = row(start, verdict.title, style)
        yield first.replace(heading, painted(style, (heading, verdict.fitness)), 1)
        yield from more
        if verdict.elsewhere:
            yield from row(f"{'':<{width}}  {'elsewhere':<13} ", verdict.elsewhere, style)


def _engines(report: Report, style: Style) -> Iterator[str]:
    """For each engine its roles by what the path is worth to them, and what one could do else."""
    for engine in report.engines:
        label = engine
        told = (*_by_fitness(report, engine), *_choices(report, engine), *_apart(report, engine))
        for heading, fitness, words in told:
            start = f"{label:<10}  {heading:<13} "
            first, *more = row(start, words, style)
            yield (
                first.replace(heading, painted(style, (heading, fitness)), 1) if fitness else first
            )
            yield from more
            label = ""


def _by_fitness(report: Report, engine: str) -> Iterator[Line]:
    for fitness in Fitness:
        roles = [verdict for verdict in report.usual(engine) if verdict.fitness is fitness]
        if roles:
            yield fitness.value, fitness, ", ".join(map(_name, roles))


def _choices(report: Report, engine: str) -> Iterator[Line]:
    """What the engine would pick by itself, and where not all is well what else would work."""
    whole, picked = report.usual(engine)[0], report.picks.get(engine)
    words = _pick(report, picked) if picked else ""
    if words:
        yield "picks itself", None, words
    others = report.alternatives(engine)
    if others and whole.fitness is not Fitness.SUITABLE:
        words = ", ".join(f"{_name(other)} ({other.fitness.value})" for other in others)
        yield "or choose", None, words


def _apart(report: Report, engine: str) -> Iterator[Line]:
    """What does not lie here of what was asked about."""
    for words in dict.fromkeys(verdict.elsewhere for verdict in report.usual(engine)):
        if words:
            yield "elsewhere", None, words


def _pick(report: Report, picked: Pick) -> str:
    """The driver, how well it works, and its price; or what the choice hangs on."""
    if picked.driver is None:
        hangs = (f"not known, hangs on {' or '.join(n.any_of)}: {n.because}" for n in picked.open)
        return next(hangs, "")
    verdict = report.verdicts.get(picked.role or "")
    worth = f" ({verdict.fitness.value})" if verdict else ""
    return f"{picked.driver}{worth}" + (f": {picked.price}" if picked.price else "")


def _name(verdict: Verdict) -> str:
    return verdict.id.partition("/")[2]


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
        yield from hanging("" if number else "or", text, style)


def _advice(label: str, advice: Advice, style: Style, what: str = "") -> Iterator[str]:
    answer = f"{what}: {advice.answer.value}" if what else advice.answer.value
    condition = f"; {advice.condition}" if advice.condition else ""
    yield from hanging(label, f"{answer}, {advice.because}{condition}{_by(advice)}", style)


def _by(advice: Advice) -> str:
    return f" ({', '.join(advice.roles)})" if advice.roles else ""


def _warnings(report: Report, style: Style) -> Iterator[str]:
    for warning in report.warnings:
        yield from hanging("warning", printable(warning), style)


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
        word = painted(style, (f"{found.outcome.value:<8}", found.outcome))
        value = "" if found.value is None else f" {printable(str(found.value))}"
        line = f"{found.probe:<26} {word}{value} {why(found)}".rstrip()
        yield from wrapped(line, style, "", " " * 27)
