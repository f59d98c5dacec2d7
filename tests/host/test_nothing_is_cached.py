"""What changes between two surveys of one process is seen, and so is its end."""

from __future__ import annotations

import errno
import os
import subprocess
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest

import fscaps
from fscaps import Outcome
from fscaps.probes import every
from lab.filesystems import FILESYSTEMS, missing
from lab.filesystems._limits import fill_blocks
from lab.mounts import mount, unmount

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root")

_RDONLY, _REMOUNT = 1, 32  # linux/mount.h
_NOEXEC = 8


def _remount(directory: Path, flags: int = 0) -> None:
    until = time.monotonic() + 10
    while True:
        try:
            mount("none", directory, "none", _REMOUNT | flags)
        except OSError as error:  # the namespace of a helper is being taken down
            if error.errno != errno.EBUSY or time.monotonic() > until:
                raise
        else:
            return


def _chattr(directory: Path, change: str) -> None:
    subprocess.run(["chattr", change, directory], check=True)


def _cover(directory: Path) -> None:
    mount("none", directory, "proc")


class Change(NamedTuple):
    """What happens to a file system, what undoes it, and a probe that is *yes* but for it."""

    do: Callable[[Path], None]
    undo: Callable[[Path], None]
    probe: str


CHANGES = {
    "remounted read-only": Change(lambda at: _remount(at, _RDONLY), _remount, "directory.writable"),
    "remounted noexec": Change(lambda at: _remount(at, _NOEXEC), _remount, "mode.execute"),
    "made immutable": Change(
        lambda at: _chattr(at, "+i"), lambda at: _chattr(at, "-i"), "directory.changeable"
    ),
    "filled": Change(fill_blocks, lambda at: (at / "filler").unlink(), "directory.writable"),
    "mounted over": Change(_cover, unmount, "directory.writable"),
}


@pytest.fixture
def ext4(tmp_path: Path) -> Iterator[Path]:
    lacking = missing(FILESYSTEMS["ext4"])
    if lacking:
        pytest.skip(lacking)
    with FILESYSTEMS["ext4"](tmp_path) as directory:
        yield directory


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_each_survey_asks_anew(change: Change, ext4: Path) -> None:
    """The first answer is not kept, nor the second; nor what was found out about the mount."""
    before = fscaps.survey(ext4)
    assert before.findings[change.probe].outcome is Outcome.YES
    change.do(ext4)
    try:
        changed = fscaps.survey(ext4)
        assert changed.findings[change.probe].outcome is Outcome.NO
        assert changed.verdicts != before.verdicts
        assert fscaps.ask(ext4, every()[change.probe]).outcome is Outcome.NO
    finally:
        change.undo(ext4)
    after = fscaps.survey(ext4)
    assert after.mount == before.mount
    assert after.findings[change.probe].outcome is Outcome.YES
