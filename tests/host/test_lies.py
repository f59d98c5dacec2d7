"""Servers that say they did what they did not do, or fail where it is looked for."""

from __future__ import annotations

import os
from errno import EIO
from typing import TYPE_CHECKING

import pytest

import fscaps
from fscaps import Outcome, Reason
from lab.silent_fuse import memory_fuse

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root"),
    pytest.mark.skipif(not os.path.exists("/dev/fuse"), reason="no /dev/fuse"),
]

YES, NO, UNKNOWN = Outcome.YES, Outcome.NO, Outcome.UNKNOWN
LIES = [
    ("blocks-zero", "space.sparse", UNKNOWN, NO),  # an honest one tells that it takes up all
    ("blocks-zero", "space.large", UNKNOWN, None),  # of the honest one it takes 4 GiB of memory
    ("gid-forced", "owner.created", NO, YES),
    ("list-no-special", "directory.d_type", NO, YES),
    ("names-cut", "name.length", NO, YES),
    ("read-zeros", "space.writable", NO, YES),
    ("rename2-nothing", "rename.noreplace", NO, NO),  # EINVAL: it knows no flags
    ("replace-late", "rename.replace", NO, YES),
    ("replace-late", "rename.atomic", NO, YES),
]


@pytest.mark.parametrize(("lie", "probe", "outcome", "honest"), LIES)
def test_a_lie_becomes_no_yes(
    tmp_path: Path, lie: str, probe: str, outcome: Outcome, honest: Outcome | None
) -> None:
    """What is looked at is what came of a call; a server that does not lie is told apart."""
    with memory_fuse(tmp_path, lies=(lie,)):
        found = fscaps.survey(tmp_path, only=[probe]).findings[probe]
    assert found.outcome is outcome, found
    if honest:
        with memory_fuse(tmp_path):
            assert fscaps.survey(tmp_path, only=[probe]).findings[probe].outcome is honest


UNREADABLE = [
    "link.hard",
    "name.case",
    "rename.replace",
    "rename.directory",
    "space.writable",
    "symlink.overlay2",
]


@pytest.fixture(scope="module")
def unreadable(tmp_path_factory: pytest.TempPathFactory) -> fscaps.Report:
    """A survey of a server whose files cannot be read."""
    point = tmp_path_factory.mktemp("unreadable")
    with memory_fuse(point, refuse={"READ": EIO}):
        return fscaps.survey(point, skip=["overlay.*", "loop.*", "space.large"])


@pytest.mark.parametrize("probe", UNREADABLE)
def test_what_fails_in_verifying_is_no_answer(unreadable: fscaps.Report, probe: str) -> None:
    """That a file cannot be read says nothing of the call whose result it holds."""
    found = unreadable.findings[probe]
    assert (found.outcome, found.reason, found.errno) == (UNKNOWN, Reason.ERROR, "EIO"), found


def test_a_page_that_cannot_be_read_costs_the_mapping_alone(unreadable: fscaps.Report) -> None:
    """Who looks at it gets a SIGBUS, and is not the one who asks the rest."""
    found = unreadable.findings["mmap.coherent"]
    assert (found.outcome, found.reason) == (UNKNOWN, Reason.CRASH)
    assert Reason.UNRESPONSIVE not in {one.reason for one in unreadable.findings.values()}
