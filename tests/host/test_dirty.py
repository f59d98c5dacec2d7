"""A survey leaves alone what others have written and not yet synced."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fscaps
from fscaps import Outcome
from lab.filesystems import FILESYSTEMS, missing

EXT4 = FILESYSTEMS["ext4"]
A_FEW = 8
"""Flushes that a journal may add by itself; the probe's overlay would cause some twenty."""

IMAGE_FILES = "loop.*"
"""Left out here: they flush the one file that they made, and mount before the overlay does."""

pytestmark = [pytest.mark.skipif(missing(EXT4) is not None, reason=missing(EXT4) or "")]


def flushes(directory: Path) -> int:
    """How often the block device below was told to flush (block/stat.rst in the kernel)."""
    device = directory.stat().st_dev
    numbers = f"{os.major(device)}:{os.minor(device)}"
    return int(Path(f"/sys/dev/block/{numbers}/stat").read_text().split()[15])


def flushes_of(directory: Path, mount: str) -> int:
    """How often a survey makes the device flush."""
    before = flushes(directory)
    report = fscaps.survey(directory, mount=mount, skip=[IMAGE_FILES])
    mounted = report.findings["overlay.remount"].outcome is Outcome.YES
    assert mounted is (mount == "auto")
    return flushes(directory) - before


def test_the_overlay_does_not_flush_the_file_system(tmp_path: Path) -> None:
    """Without ``volatile`` each copy-up syncs its file, and its end the whole file system."""
    with EXT4(tmp_path) as directory:
        alone = flushes_of(directory, "never")
        assert alone > 0  # by the probes of fsync(2)
        assert flushes_of(directory, "auto") < alone + A_FEW


@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace")
def test_a_kernel_that_knows_no_volatile_overlay_is_asked_without(tmp_path: Path) -> None:
    """Before 5.10; strace refuses the first option of the first mount, as such a kernel would."""
    inject = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=fsconfig:error=EINVAL:when=1"]
    command = [*inject, sys.executable, "-m", "fscaps", "--json", "--skip", IMAGE_FILES]
    done = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True, check=False)
    old, new = fscaps.load(done.stdout), fscaps.survey(tmp_path, skip=[IMAGE_FILES])
    assert new.findings["overlay.upper"].outcome is Outcome.YES
    assert {probe: found.outcome for probe, found in old.findings.items()} == {
        probe: found.outcome for probe, found in new.findings.items()
    }
