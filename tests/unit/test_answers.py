"""Each probe has a file system that says yes, and one that says no."""

from __future__ import annotations

from collections import Counter

from answers import HERE, NEITHER, SECOND_KERNEL, rows

from fscaps import Outcome, probes

TOLD = [*rows(HERE), *rows(SECOND_KERNEL)]


def test_each_probe_is_answered_both_ways() -> None:
    """Or it is said why nothing can answer so."""
    told = {(row.probe, row.outcome) for row in TOLD}
    wanted = {(probe, answer) for probe in probes.every() for answer in (Outcome.YES, Outcome.NO)}
    assert wanted - told == set(NEITHER)


def test_what_is_told_is_asked() -> None:
    assert {row.probe for row in TOLD} <= set(probes.every())


def test_nothing_is_told_twice() -> None:
    """Or the one could say yes, and the other no."""
    for table in (HERE, SECOND_KERNEL):
        counted = Counter((row.filesystem, row.probe) for row in rows(table))
        assert [told for told, times in counted.items() if times > 1] == []
