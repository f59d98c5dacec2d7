"""A kernel before 5.2 has no fsopen(2); strace takes it away from this one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import fscaps
from fscaps import Outcome

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root"),
    pytest.mark.skipif(shutil.which("strace") is None, reason="no strace"),
]


def test_an_overlay_is_mounted_in_a_namespace_instead(tmp_path: Path) -> None:
    """Every answer about overlay is the same, and nothing is left behind or mounted."""
    inject = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=fsopen:error=ENOSYS"]
    command = [*inject, sys.executable, "-m", "fscaps", "--json", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 4), done.stderr  # 4: no image file was mounted
    old, new = fscaps.load(done.stdout), fscaps.survey(tmp_path)
    about = [probe for probe in new.findings if probe.startswith("overlay.")]
    assert {p: old.findings[p].outcome for p in about} == {
        p: new.findings[p].outcome for p in about
    }
    assert new.findings["overlay.upper"].outcome is Outcome.YES
    assert old.warnings == ()
    assert os.listdir(tmp_path) == []
    with open("/proc/self/mountinfo", encoding="utf-8") as table:
        assert str(tmp_path) not in table.read()
