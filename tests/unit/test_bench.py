"""The benchmark judges what it measured, and bears a reader that has seen enough."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from unit.running import python

from bench import bench

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(("over", "missed"), [(0, ["calls", "NFS calls"]), (-1, [])])
def test_too_many_calls_are_a_goal_missed(over: int, missed: list[str]) -> None:
    made = {"openat": bench.CALLS_GOAL - 500, "close": 500 + over}
    result = bench.Result(
        calls={"fscaps": made, "floor": {"openat": 1 << 20}},
        nfs_calls=bench.NFS_CALLS_GOAL + over,
        memory={"command": 1},
    )
    bench.judge(result)
    assert result.missed == missed
    assert bench.table(result).count("MISSED") == len(missed)


def test_a_reader_may_go_before_the_end() -> None:
    """As head(1) does: no traceback, and the exit status is that of the goals."""
    code = f"import sys; sys.path[0] = {str(ROOT)!r}\nfrom bench import bench\nbench.show('x')"
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = python(code, stdout=writer)
    finally:
        os.close(writer)
    assert (ended.returncode, ended.stderr) == (0, "")
