"""Death at any moment: after every system call of a run, of the worker, its caller, or both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import fscaps

from . import interception, trial
from .campaign import EVERY, Aftermath, Attack, Surroundings, in_words, record, some, survive, wage
from .places import CALLER, STARTING, WORKER, Place

if TYPE_CHECKING:
    from pathlib import Path

    from .interception import Call, Watch

pytestmark = [
    pytest.mark.skipif(not interception.available(), reason="no seccomp_unotify(2) here"),
    pytest.mark.timeout(4 * 3600 if EVERY else 300),
]

_MIDDLE = 600
CLEANER = "cleaner"  # whichever starts after the worker was killed

LOOKING = "an engine's store was not looked at to the end (crash)"
"""What a report says where the worker was killed when all else was done."""

VICTIMS = {
    "itself": (),
    "the worker": (STARTING, WORKER),
    "the caller": (CALLER,),
    "both": (CALLER, STARTING, WORKER),
}


def _kill(target: Path, attack: Attack, _: Any) -> Aftermath:
    def decide(watch: Watch, call: Call, place: Place) -> bool:
        if place != attack.place:
            return False
        for victim in VICTIMS[attack.how] or (call.process,):
            watch.kill(victim)
        watch.let(call)
        return True

    around = Surroundings(target)
    done = trial.attempt(str(target), decide, asked={attack.place.name})
    problems = around.problems() + survive(done)
    warnings = set(done.report.warnings) - {LOOKING} if done.report is not None else set()
    if done.report is not None and (around.scratch() or warnings):
        problems.append(f"there is a report, and {around.scratch()}, {warnings}")
    return Aftermath(attack, done.hit, problems + _sweep(target, around))


def _sweep(target: Path, around: Surroundings) -> list[str]:
    """The next run on that path removes what was left, and tells of each."""
    left = around.scratch()
    if not left:
        return around.foreign()
    told = fscaps.survey(target, only=["directory.writable"]).warnings
    untold = [f"swept, untold: {name}" for name in left if not any(name in one for one in told)]
    return untold + around.foreign()


def test_death_after_every_call(tmp_path: Path) -> None:
    """No process, no mount, no file is left but the scratch, which the next run sweeps."""
    calls = record(tmp_path).calls
    attacks = [Attack(call.place, how) for call in calls for how in VICTIMS]
    done = wage(_kill, tmp_path, some(attacks, 31))
    assert not any(one.problems for one in done), in_words(done)
    assert sum(one.hit is not None for one in done) > 0.9 * len(done)


def _kill_twice(target: Path, attack: Attack, _: Any) -> Aftermath:
    """The worker in the middle of its work, then the cleaner that takes over, and its caller."""
    before: set[int] = set()
    fallen: list[Call] = []

    def decide(watch: Watch, call: Call, _place: Place) -> bool:
        if not fallen:
            before.add(call.process)
        if not fallen and call.process == WORKER and call.nth >= _MIDDLE:
            fallen.append(call)
            watch.kill(WORKER)
        elif call.process not in before and call.nth >= attack.place.nth:
            watch.kill(call.process)
            if attack.how == "both":
                watch.kill(CALLER)
            watch.let(call)
            return True
        return False

    around = Surroundings(target)
    done = trial.attempt(str(target), decide)
    problems = around.problems() + survive(done)
    told = done.report.warnings if done.report is not None else ()
    if done.report is not None and around.scratch() and not any("left behind" in t for t in told):
        problems.append("the cleaner was killed, and nothing is told")
    return Aftermath(attack, done.hit, problems + _sweep(target, around))


def test_death_of_the_cleaner_too(tmp_path: Path) -> None:
    """Who cleans up after a killed worker may be killed as well."""
    places = [Place(CLEANER, None, "", "", index) for index in range(1700)]
    attacks = [Attack(place, how) for place in places for how in ("itself", "both")]
    done = wage(_kill_twice, tmp_path, attacks if EVERY else attacks[::67])
    assert not any(one.problems for one in done), in_words(done)
    assert sum(one.hit is not None for one in done) > 0.5 * len(done)
