"""What file systems that this kernel mounts, or FUSE servers, say to each probe."""

from __future__ import annotations

import pytest
from answers import HERE, Row, rows

import fscaps
from fscaps import Reason


@pytest.mark.parametrize(
    ("survey", "row"),
    [pytest.param(row.filesystem, row, id=f"{row.filesystem}-{row.probe}") for row in rows(HERE)],
    indirect=["survey"],
)
def test_a_probe_says_what_the_file_system_is(survey: fscaps.Report, row: Row) -> None:
    found = survey.findings[row.probe]
    if found.reason is Reason.KERNEL:
        pytest.skip(f"{row.probe}: {found.detail}")
    assert found.outcome is row.outcome, found
    if row.errno:
        assert found.errno == row.errno, found
