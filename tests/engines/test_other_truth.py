"""The verdicts against a real podman and containerd that are given the same directory.

What is lost on ext4 as well is the engine's own loss, not the file system's. Where an engine does
not finish, its words are among those that fscaps gave.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import fscaps
from fscaps import Fitness
from lab.filesystems import FILESYSTEMS, missing
from lab.outcome import Level
from lab.roles import ROLES

if TYPE_CHECKING:
    from lab.outcome import Outcome

_PROGRAMS = ("podman", "crun", "conmon", "fuse-overlayfs", "newuidmap", "containerd", "ctr", "runc")
_LACKING = next((f"no {name}" for name in _PROGRAMS if shutil.which(name) is None), None)
_WHY = "engines need root" if os.geteuid() else _LACKING

pytestmark = [
    pytest.mark.skipif(_WHY is not None, reason=_WHY or ""),
    pytest.mark.timeout(240),
]

TELLING = {
    "podman/overlay": ("ext4", "ext4-no-filetype", "overlay", "ramfs"),
    "podman/fuse-overlayfs": ("ext4", "overlay", "ramfs"),
    "podman/vfs": ("ext4", "ext4-noexec", "ramfs"),
    "podman/rootless": ("ext4", "overlay", "ramfs"),
    "podman/additional-image-store": ("ext4", "bindfs", "ramfs"),
    "containerd/overlayfs": ("ext4", "ext4-no-filetype", "overlay", "bindfs", "ramfs"),
    "containerd/native": ("ext4", "ext4-noexec", "ramfs"),
}
SILENT = {
    # A file that the image deleted is there again, and podman says nothing.
    ("podman/additional-image-store", "ramfs"),
}


def _used(name: str, role: str, work: Path) -> tuple[fscaps.Verdict, Outcome]:
    lacking = missing(FILESYSTEMS[name])
    if lacking:
        pytest.skip(f"{name}: {lacking}")
    with FILESYSTEMS[name](work) as directory:
        verdict = fscaps.survey(directory, roles=[role])[role]
        return verdict, ROLES[role].use(directory)


@functools.lru_cache(maxsize=None)
def _own_losses(role: str) -> frozenset[str]:
    """What the engine loses on ext4, so on any file system."""
    with tempfile.TemporaryDirectory() as work:
        outcome = _used("ext4", role, Path(work))[1]
    assert outcome.level in {Level.YES, Level.LOSES}, outcome
    return frozenset(outcome.losses)


def _without_caveats(verdict: fscaps.Verdict) -> Fitness:
    """The fitness, but for what holds of every path."""
    standing = not any(need.any_of for need in verdict.concerns)
    return Fitness.SUITABLE if verdict.fitness.fits and standing else verdict.fitness


@pytest.mark.parametrize(
    ("role", "name"), [(role, name) for role, names in TELLING.items() for name in names]
)
def test_the_verdict_is_what_the_engine_does(role: str, name: str, tmp_path: Path) -> None:
    """Suitable: finished as on ext4; degraded: finished with a loss; unsuitable: not finished."""
    own = _own_losses(role)
    verdict, outcome = _used(name, role, tmp_path)
    if outcome.level in {Level.NO, Level.TRIVIAL}:
        assert verdict.fitness is Fitness.UNSUITABLE, outcome
        assert (role, name) in SILENT or _foretold(verdict, outcome), (verdict.blockers, outcome)
    else:
        lost = set(outcome.losses) - own
        assert _without_caveats(verdict) is (Fitness.DEGRADED if lost else Fitness.SUITABLE), lost


def _foretold(verdict: fscaps.Verdict, outcome: Outcome) -> bool:
    """Whether a line that fscaps gave is among the engine's, with anything for each ellipsis."""
    lines = [line for need in verdict.blockers for line in need.says.splitlines()]
    said = "\n".join((outcome.words, *outcome.complaints))
    return any(re.search(".*".join(map(re.escape, line.split("…"))), said) for line in lines)
