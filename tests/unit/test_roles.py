"""What alone makes a role unfit, as engines were seen to fail for it (docs/reference)."""

from __future__ import annotations

import pytest

from fscaps import Finding, Fitness, Outcome, engines, judge, probes

UNFIT = Fitness.UNSUITABLE


@pytest.mark.parametrize(
    ("role", "lacking", "fitness"),
    [
        # lab: ext4-unbindable. dockerd makes the mount shared, these two do not
        ("containerd/overlayfs", ["mode.bindable"], UNFIT),
        ("podman/overlay", ["mode.bindable"], UNFIT),
        ("docker/data-root", ["mode.bindable"], Fitness.SUITABLE),
        ("docker/data-root", ["mode.bindable", "directory.mount_point"], UNFIT),
        # without /dev/fuse there is no fuse-overlayfs
        ("docker/data-root-fuse-overlayfs", ["fuse.device"], UNFIT),
        ("podman/fuse-overlayfs", ["fuse.device"], UNFIT),
        ("podman/rootless", ["rootless.fuse"], Fitness.SUITABLE),
        ("podman/rootless", ["overlay.userxattr"], Fitness.DEGRADED),
        ("podman/rootless", ["overlay.userxattr", "rootless.fuse"], UNFIT),
    ],
)
def test_what_a_role_does_not_fit_without(role: str, lacking: list[str], fitness: Fitness) -> None:
    findings = {
        probe: Finding(probe, Outcome.NO if probe in lacking else Outcome.YES)
        for probe in probes.every()
    }
    assert judge(findings, engines.roles([role]))[role].fitness is fitness
