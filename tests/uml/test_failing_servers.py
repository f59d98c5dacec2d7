"""Servers that stop and disks that fail, in User-Mode Linux, whose kernel has NFS and dm targets.

One boot for each case: what has failed might hold up what comes after it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from uml.failing import CASES, DEADLINE, HERE

import fscaps
from fscaps import Outcome
from lab.uml import machine

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 240
MORE = 2.0  # seconds after the deadline by which survey() promises to return

pytestmark = [
    pytest.mark.skipif(not machine.available(), reason="no User-Mode Linux here"),
    pytest.mark.timeout(SECONDS + 60),
]


class Told(NamedTuple):
    """What the machine told of a case."""

    report: fscaps.Report | None
    seconds: float
    before: dict[str, str]
    elsewhere: str


@pytest.fixture(scope="module", params=CASES)
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """A boot, in which that happens."""
    place, name = tmp_path_factory.mktemp("uml"), request.param
    script = machine.inside(HERE / "failing.py", place, name)
    # An ordinary halt writes all caches back, which the dead server would be waited for.
    script += 'sync -f "$RESULTS"; halt -f -n\n'
    done = machine.run(script, results=place, seconds=SECONDS)
    assert (place / f"{name}.elsewhere").exists(), (done.log, done.dmesg)
    told: dict[str, Any] = json.loads((place / f"{name}.told").read_text())
    saved = place / f"{name}.json"
    report = fscaps.load(saved.read_text()) if saved.exists() else None
    return Told(report, told["seconds"], told["before"], (place / f"{name}.elsewhere").read_text())


def test_the_call_returns_in_time(told: Told) -> None:
    """However long the server is away."""
    assert told.seconds < DEADLINE + MORE


def test_no_yes_comes_of_it(told: Told) -> None:
    """Nothing is claimed that was not so before, and what was found before it is kept."""
    if told.report is None:
        return
    for name, one in told.report.findings.items():
        assert one.outcome is not Outcome.YES or told.before[name] == "yes", one


def test_what_is_dead_elsewhere_does_not_matter(told: Told) -> None:
    """Another directory of that host is surveyed as ever."""
    assert told.elsewhere == "suitable"
