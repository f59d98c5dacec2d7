"""What a mount's options take away from containers whose root or volume is bound from it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import fscaps
from fscaps import Fitness, Outcome
from lab.mounts import MNT_DETACH, mount, unmount
from lab.silent_fuse import memory_fuse

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not Path("/dev/fuse").exists(), reason="mounting takes root, and FUSE that"
)

_NOSYMFOLLOW = 256  # linux/mount.h: MS_NOSYMFOLLOW
BOUND = ("podman/vfs", "containerd/native", "docker/data-root-vfs")
"""Roles whose containers have a bind mount for a root."""


@pytest.mark.parametrize(
    ("options", "outcome"),
    [("allow_other,default_permissions", Outcome.YES), ("default_permissions", Outcome.NO)],
)
def test_fuse_is_closed_to_others_unless_it_is_opened(
    tmp_path: Path, options: str, outcome: Outcome
) -> None:
    """The kernel refuses all but who mounted it, root's own containers' users among them."""
    with memory_fuse(tmp_path, options=options):
        report = fscaps.survey(tmp_path, roles=[*BOUND, "docker/volumes"])
        assert os.listdir(tmp_path) == []
    assert report.findings["mode.others"].outcome is outcome
    for role in BOUND:
        named = [need.any_of for need in report[role].blockers]
        assert (("mode.others",) in named) is (outcome is Outcome.NO), role
    if outcome is Outcome.NO:
        assert report["docker/volumes"].fitness is not Fitness.SUITABLE


def test_where_links_are_not_followed_no_bound_root_works(tmp_path: Path) -> None:
    """nosymfollow (Linux 5.10) reaches a bind mount, and no overlay."""
    mount("none", tmp_path, "tmpfs", _NOSYMFOLLOW)
    try:
        report = fscaps.survey(tmp_path, roles=[*BOUND, "containerd/overlayfs", "docker/data-root"])
        said = report["docker/data-root-vfs"].blockers[0].says.splitlines()[0]
        explained = fscaps.explain(said, tmp_path)
    finally:
        unmount(tmp_path, MNT_DETACH)  # a helper's namespace may take a moment to go
    assert report.findings["symlink.overlay2"].errno == "ELOOP"
    (told,) = explained.messages
    (cause,) = (each for each in told.causes if each.standing is fscaps.Standing.CONFIRMED)
    assert "nosymfollow" in cause.because
    for role in (*BOUND, "docker/data-root"):  # which looks layers up by its links in l/
        assert report[role].fitness is Fitness.UNSUITABLE, role
    assert report["containerd/overlayfs"].fitness is Fitness.SUITABLE
