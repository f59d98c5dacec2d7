"""A user renames what lies above a read-only path between a mount and the look at it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from fscaps import Outcome
from lab.mounts import mount, mounts_below, unmount_below

from . import interception, trial

if TYPE_CHECKING:
    from pathlib import Path

    from .interception import Call, Watch
    from .places import Place

pytestmark = pytest.mark.skipif(not interception.available(), reason="no seccomp_unotify(2) here")

_READ_ONLY = 1  # linux/mount.h


def test_nothing_is_made_where_the_path_leads_by_then(tmp_path: Path) -> None:
    """Where nothing can be made, the layer is the path itself; what is mounted beside it is not."""
    home, precious = tmp_path / "home", tmp_path / "precious"
    point = home / "above" / "point"
    point.mkdir(parents=True)
    precious.mkdir(mode=0o700)
    before = mounts_below(tmp_path)
    mount("none", point, "tmpfs", _READ_ONLY, "")
    mounted: list[str] = []

    def swap(watch: Watch, call: Call, _place: Place) -> bool:
        if call.name == "mount" and call.text(2) == "tmpfs":
            mounted.append(call.text(1))
        elif mounted and call.name == "openat" and call.text(1) == mounted[0]:
            (home / "above").rename(home / "aside")
            (home / "above").mkdir()
            (home / "above" / "point").symlink_to(precious)
            watch.let(call)
            return True
        return False

    try:
        done = trial.attempt(str(point), swap, only=["overlay.lower"])
    finally:
        unmount_below(tmp_path, before)
    assert done.hit, "the trick was not played"
    assert os.listdir(precious) == []
    assert done.report is not None
    assert done.report.findings["overlay.lower"].outcome is Outcome.YES
