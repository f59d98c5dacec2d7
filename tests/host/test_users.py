"""Who may do what on a mount, beyond what modes say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import fscaps
from fscaps import Fitness, Outcome
from lab.silent_fuse import memory_fuse

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not Path("/dev/fuse").exists(), reason="mounting FUSE needs root and it"
)

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
        named = [need.any_of for need in report[role].concerns]
        assert (("mode.others",) in named) is (outcome is Outcome.NO), role
        if outcome is Outcome.NO:
            assert report[role].fitness is not Fitness.SUITABLE
