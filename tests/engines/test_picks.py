"""The driver that podman takes by itself where fuse-overlayfs is not installed, beside ours."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

import fscaps
from lab.engines.podman import Podman
from lab.filesystems import FILESYSTEMS, missing

if TYPE_CHECKING:
    from pathlib import Path

_LACKING = next((f"no {name}" for name in ("podman", "crun") if shutil.which(name) is None), None)
_WHY = "engines need root" if os.geteuid() else _LACKING

pytestmark = pytest.mark.skipif(_WHY is not None, reason=_WHY or "")

_SOURCE = os.path.dirname(os.path.dirname(fscaps.__file__))
_AGAIN = "prior storage driver overlay failed"


@pytest.mark.parametrize(
    ("name", "driver"), [("ext4", "overlay"), ("overlay", "vfs"), ("ext4-no-filetype", None)]
)
def test_podman_without_the_program_takes_what_was_foretold(
    name: str, driver: str | None, tmp_path: Path
) -> None:
    """And where that is vfs, it starts once."""
    lacking = missing(FILESYSTEMS[name])
    if lacking:
        pytest.skip(f"{name}: {lacking}")
    (tmp_path / "engine").mkdir()
    (tmp_path / "fs").mkdir()
    with (
        FILESYSTEMS[name](tmp_path / "fs") as directory,
        Podman(tmp_path / "engine", directory / "graphroot", driver=None) as podman,
    ):
        picked = _picked(podman, directory)
        assert (picked.driver, picked.open) == (driver, ())
        assert podman.start() is (driver is not None), podman.complaints
        if driver:
            assert podman.chosen_driver() == driver
        if driver == "vfs":
            assert _AGAIN in picked.price
            assert not podman.start()
            assert any(_AGAIN in line for line in podman.complaints)


def _picked(podman: Podman, directory: Path) -> fscaps.Pick:
    """What a survey says that sees the same programs."""
    version = podman.cli("--version").stdout.split()[-1]
    asked = ("--json", "--for", f"podman@{version}", str(directory))
    done = podman.try_run(sys.executable, "-m", "fscaps", *asked, env={"PYTHONPATH": _SOURCE})
    return fscaps.load(done.stdout).picks["podman"]
