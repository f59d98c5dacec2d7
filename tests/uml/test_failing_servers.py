"""Servers that stop and disks that fail, in User-Mode Linux, whose kernel has NFS and dm targets.

One boot for each case: what has failed might hold up what comes after it.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest
from uml.failing import CASES, DEADLINE, HERE, Case

import fscaps
from fscaps import Outcome
from lab.uml import machine

SECONDS = 240
OVER = "/dev/shm/over"  # a FIFO of that machine
MORE = 2.0  # seconds after the deadline by which survey() promises to return

pytestmark = [
    pytest.mark.skipif(not machine.available(), reason="no User-Mode Linux here"),
    pytest.mark.timeout(SECONDS + 60),
]


class Told(NamedTuple):
    """What the machine told of a case."""

    case: Case
    report: fscaps.Report | None
    seconds: float
    before: dict[str, str]
    elsewhere: str


@pytest.fixture(scope="module", params=CASES)
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """A boot, in which that happens."""
    place, name = tmp_path_factory.mktemp("uml"), request.param
    program = machine.inside(HERE / "failing.py", place, name, OVER).rstrip()
    done = machine.run(
        # The program's own end, and an ordinary halt, might wait for the dead server.
        f"mkfifo {OVER}; {{ {program}; echo >{OVER}; }} & read -r <{OVER}\n"
        'sync -f "$RESULTS"; halt -f -n\n',
        results=place,
        seconds=SECONDS,
    )
    assert (place / f"{name}.elsewhere").exists(), (done.log, done.dmesg)
    told: dict[str, Any] = json.loads((place / f"{name}.told").read_text())
    saved = place / f"{name}.json"
    report = fscaps.load(saved.read_text()) if saved.exists() else None
    elsewhere = (place / f"{name}.elsewhere").read_text()
    return Told(CASES[name], report, told["seconds"], told["before"], elsewhere)


def test_the_call_returns_in_time(told: Told) -> None:
    """However long the server is away."""
    assert told.seconds < DEADLINE + MORE


def test_no_yes_comes_of_it(told: Told) -> None:
    """Nothing is claimed that was not so before, nor that the failure makes impossible."""
    assert told.report is not None
    yes = {name for name, one in told.report.findings.items() if one.outcome is Outcome.YES}
    assert yes <= {name for name, outcome in told.before.items() if outcome == "yes"}
    assert not yes & set(told.case.costs)


def test_the_process_that_cannot_be_killed_is_named(told: Told) -> None:
    """With its state and where in the kernel it waits; where there is none, none is named."""
    assert told.report is not None
    named = [one for one in told.report.warnings if "cannot be killed (disk-sleep in " in one]
    assert len(named) == told.case.stuck


def test_what_is_dead_elsewhere_does_not_matter(told: Told) -> None:
    """Another directory of that host is surveyed as ever."""
    assert told.elsewhere == "suitable"
