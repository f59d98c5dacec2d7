"""`lab/compare`: hold fscaps' verdicts against what engines were seen to do.

The recorded findings are judged anew, by the needs as they stand in this checkout; nothing is
mounted and no engine runs. The exit status is 1 if fscaps says yes where an engine said no, or
where something was lost without its saying so, though it could (lab/losses.py), and if less than
99 % of what is judged agrees.
"""

from __future__ import annotations

import argparse
import enum
import functools
import sys
from collections import Counter
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from fscaps import Finding, Fitness, Outcome, Verdict, engines, judge
from fscaps._judge import pick
from lab import losses as each, results
from lab.answers import answers
from lab.outcome import Level
from lab.results import FINDINGS, ROWS
from lab.roles import ROLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from fscaps import Driver, Engine, Unmet
    from lab.results import Row

ENOUGH_AGREES = 0.99  # of the rows that are judged

DEFAULT = "/default-driver"  # the fact which driver an engine picks, no role of fscaps'
BASE = "ext4"  # what is lost here too is the driver's own loss, not the file system's
BASES = {"docker/data-root-btrfs": "btrfs"}  # of the roles that ext4 cannot have

UNTRIED = "image"  # the step that puts an image file there, which another host may have done
# Room, what a second host would see, and what becomes of a capability as its file is copied up.


class Agreement(str, enum.Enum):
    """A verdict beside the truth."""

    AGREES = "agrees"
    FALSE_YES = "false yes"  # or a loss that was not foretold
    FALSE_NO = "false no"
    UNTOLD_LOSS = "untold loss"  # one that was foretold by no need, beside others that were
    FALSE_LOSS = "false loss"  # foretold, and not seen
    OTHER_DRIVER = "another driver"  # than fscaps said the engine would pick
    UNDETERMINED = "undetermined"
    NOT_JUDGED = "not judged"  # fscaps has no such role, could not be asked, or nothing was tried


@dataclass(frozen=True)
class Compared:
    """One row, what it proves of the file system, and what fscaps says."""

    row: Row
    truth: Fitness
    losses: tuple[str, ...]  # without the driver's own
    verdict: Verdict | None = None
    agreement: Agreement = Agreement.NOT_JUDGED
    untold: tuple[str, ...] = ()  # losses that no need of the verdict's answers for
    in_vain: tuple[Unmet, ...] = ()  # foretold, and not seen


def compared(rows: Iterable[Row], findings: Iterable[Row]) -> Iterator[Compared]:
    """Judge the findings of each row's file system for the row's role."""
    rows = list(rows)
    asked = {results.key(FINDINGS, found): found for found in findings}
    base = _own_losses(rows)
    for row in rows:
        own = base.get(_base_key(row), base.get(_base_key(row)[1:], frozenset()))
        losses = tuple(loss for loss in row["losses"] if loss not in own)
        asked_as = ROLES[row["role"]].asked_as
        found = asked.get(results.key(FINDINGS, {**row, "asked_as": asked_as}))
        one = Compared(row, _truth(Level(row["level"]), losses), losses)
        if found and found["findings"]:
            one = _judged(one, answers(found))
        yield one


def _judged(one: Compared, findings: Mapping[str, Finding]) -> Compared:
    """Judge the findings as its engine's version has it, where fscaps knows the role."""
    row = one.row
    if row["role"].endswith(DEFAULT):
        return replace(one, agreement=_driver(findings, row))
    if row["role"] not in {role.id for role in engines.roles()}:
        return one
    verdict = judge(findings, engines.roles([_named(row)]))[row["role"]]
    agreement = _agreement(verdict, one.truth, findings)
    if agreement is Agreement.UNDETERMINED and row["step"] == UNTRIED:
        agreement = Agreement.NOT_JUDGED
    one = replace(one, verdict=verdict, agreement=agreement)
    if agreement is Agreement.AGREES and one.truth is not Fitness.UNSUITABLE:
        return _each_loss(one, findings)
    return one


def _each_loss(one: Compared, findings: Mapping[str, Finding]) -> Compared:
    """That both lose something is not yet that it is the same."""
    assert one.verdict
    untold = tuple(each.untold(one.verdict, one.losses))
    in_vain = tuple(each.in_vain(one.verdict, one.row["losses"], findings))
    agreement = Agreement.FALSE_LOSS if in_vain else one.agreement
    agreement = Agreement.UNTOLD_LOSS if untold else agreement
    return replace(one, untold=untold, in_vain=in_vain, agreement=agreement)


def is_base(row: Row) -> bool:
    """Whether what is lost here is the own loss of the driver, and that was named."""
    base = BASES.get(row["role"], BASE)
    return bool(row["filesystem"] == base) and _role_of_driver(row) == row["role"]


def _own_losses(rows: list[Row]) -> dict[tuple[str, ...], frozenset[str]]:
    """What each driver loses on the base: on each kernel, and on any, where one lacks that row."""
    own: dict[tuple[str, ...], frozenset[str]] = {}
    for row in rows:
        if is_base(row):
            for known in (_base_key(row), _base_key(row)[1:]):
                own[known] = frozenset(row["losses"])
    return own


def _base_key(row: Row) -> tuple[str, ...]:
    """By role: it names the driver, and what of the engine is on the file system."""
    return results.version(row["kernel"]), row["engine"], _role_of_driver(row)


def _role_of_driver(row: Row) -> str:
    """The row's role, or, where the engine has picked the driver, the one that names that."""
    role = str(row["role"])
    if not (role.endswith(DEFAULT) and row["driver"]):
        return role
    return _roles_of_drivers(row["engine"].partition(" ")[0]).get(_picked(row)) or role


@functools.lru_cache(maxsize=None)
def _roles_of_drivers(engine: str) -> Mapping[str, str | None]:
    return {driver.id: driver.role for whole in engines.whole([engine]) for driver in whole.drivers}


def _picked(row: Row) -> str:
    return str(row["driver"]).rpartition(" by ")[2]  # overlay by fuse-overlayfs


def _named(row: Row) -> str:
    """The row's role, of the version that was run."""
    return _of_version(row["role"], row)


def _of_version(role: str, row: Row) -> str:
    name, _, version = row["engine"].partition(" ")
    return f"{role}@{version}" if engines.every()[name].newest else role


def _truth(level: Level, losses: tuple[str, ...]) -> Fitness:
    if level in {Level.NO, Level.TRIVIAL}:
        return Fitness.UNSUITABLE
    return Fitness.DEGRADED if losses else Fitness.SUITABLE


def _driver(findings: Mapping[str, Finding], row: Row) -> Agreement:
    """Whether the driver that the engine picked is the one that fscaps says it picks."""
    name, _, version = row["engine"].partition(" ")
    found = engines.whole([f"{name}@{version}"])
    if not found or not found[0].drivers:
        return Agreement.NOT_JUDGED
    if row["driver"] is None:
        return _none_worked(findings, found[0], row)
    foretold = pick(findings, found[0])
    if foretold.open:
        return Agreement.UNDETERMINED
    return Agreement.AGREES if foretold.driver == _picked(row) else Agreement.OTHER_DRIVER


def _none_worked(findings: Mapping[str, Finding], engine: Engine, row: Row) -> Agreement:
    """Where the engine did not start: none is to be picked, or only what cannot work here."""
    possible = list(_possible(findings, engine))
    named = [_of_version(one.role, row) for one in possible if one.role]
    said = {verdict.fitness for verdict in judge(findings, engines.roles(named)).values()}
    if said <= {Fitness.UNSUITABLE} and len(named) == len(possible):
        return Agreement.AGREES
    is_certain = pick(findings, engine).driver and said <= {Fitness.SUITABLE, Fitness.DEGRADED}
    return Agreement.FALSE_YES if is_certain and said else Agreement.UNDETERMINED


def _possible(findings: Mapping[str, Finding], engine: Engine) -> Iterator[Driver]:
    """The drivers that it may pick: up to the first that is certain."""
    for one in engine.drivers:
        alone = pick(findings, replace(engine, drivers=(one,)))
        if alone.driver or alone.open:
            yield one
        if alone.driver:
            return


def _agreement(verdict: Verdict, truth: Fitness, findings: Mapping[str, Finding]) -> Agreement:
    said = _without_caveats(verdict, findings)
    if said is truth:
        return Agreement.AGREES
    if said is Fitness.UNDETERMINED:
        return Agreement.UNDETERMINED
    if said is Fitness.UNSUITABLE:
        return Agreement.FALSE_NO
    if said is Fitness.DEGRADED and truth is Fitness.SUITABLE:
        return Agreement.UNDETERMINED if _is_open(verdict, findings) else Agreement.FALSE_LOSS
    return Agreement.FALSE_YES


def _is_open(verdict: Verdict, findings: Mapping[str, Finding]) -> bool:
    """Whether each loss is one of which it is not known whether it is one."""
    probes = {probe for need in verdict.concerns for probe in need.any_of}
    return all(findings[probe].outcome is Outcome.UNKNOWN for probe in probes if probe in findings)


def _without_caveats(verdict: Verdict, findings: Mapping[str, Finding]) -> Fitness:
    """The fitness, but for what no course can show: what holds of every path, and the unseen."""
    unseen = each.unseen(verdict.id, findings)
    shown = [need for need in verdict.concerns if set(need.any_of) - unseen]
    if verdict.fitness is Fitness.DEGRADED and not shown:
        return Fitness.SUITABLE
    return verdict.fitness


def _line(one: Compared) -> str:
    row, verdict = one.row, one.verdict
    said = verdict.fitness.value if verdict else "nothing"
    needs = (*verdict.blockers, *verdict.open, *verdict.concerns) if verdict else ()
    probes = ", ".join(" or ".join(need.any_of) for need in needs if need.any_of)
    truth = row["words"].splitlines()[-1:] or list(one.losses[:1]) or [""]
    where = f"{row['filesystem']}, {row['role']}, {row['engine']}, Linux {row['kernel']}"
    seen = f"{row['level']} {row['step']}: {truth[0]}"
    lines = [f"{one.agreement.value}: {where}", f"    fscaps: {said} ({probes})"]
    lines.append(f"    engine: {seen}")
    lines += [f"    untold: {loss}" for loss in one.untold]
    lines += [f"    why:    {why}" for why in dict.fromkeys(_reasons(one))]
    lines += [f"    unseen: {' or '.join(need.any_of)}" for need in one.in_vain]
    return "\n".join(lines)


def _reasons(one: Compared) -> list[str]:
    """Why the losses that were not foretold could not be, of those of which it is known."""
    where = one.row["filesystem"], one.row["role"]
    whys = (each.reason(*where, loss) for loss in one.untold)
    return [why for why in whys if why]


def _fails(one: Compared) -> bool:
    """Whether fscaps has promised too much where it could know better."""
    if one.agreement is Agreement.UNTOLD_LOSS:
        return len(_reasons(one)) < len(one.untold)
    return one.agreement is Agreement.FALSE_YES


def main() -> int:
    """Parse the command line and compare."""
    parser = argparse.ArgumentParser(
        prog="lab/compare", description=(__doc__ or "").partition("\n")[2]
    )
    parser.add_argument("--fs", default="*", metavar="GLOB")
    parser.add_argument("--engine", default="*", metavar="GLOB")
    parser.add_argument("--of", type=Path, default=results.HERE, metavar="DIRECTORY")
    asked = parser.parse_args()
    every = [
        one
        for one in compared(results.read(ROWS, asked.of), results.read(FINDINGS, asked.of))
        if fnmatchcase(one.row["filesystem"], asked.fs)
        and fnmatchcase(one.row["role"], asked.engine)
    ]
    for one in every:
        if one.agreement not in {Agreement.AGREES, Agreement.NOT_JUDGED}:
            print(_line(one))
    count = Counter(one.agreement for one in every)
    print(f"{len(every)} rows: " + ", ".join(f"{count[a]} {a.value}" for a in Agreement))
    agree, judged = count[Agreement.AGREES], len(every) - count[Agreement.NOT_JUDGED]
    print(f"agreement: {_percent(agree, judged)} of {judged} judged rows, "
          f"{_percent(agree, len(every))} of all")  # fmt: skip
    return 1 if any(map(_fails, every)) or agree < ENOUGH_AGREES * judged else 0


def _percent(part: int, whole: int) -> str:
    """Rounded down, so that 100 % is said of all alone."""
    return f"{1000 * part // whole / 10:.1f} %" if whole else "none"


if __name__ == "__main__":
    sys.exit(main())
