"""What alone makes a role unfit, as engines were seen to fail for it (docs/reference)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fscaps import Finding, Fitness, Outcome, engines, judge, probes

if TYPE_CHECKING:
    from fscaps import Role

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
        # Docker 29 keeps layers in containerd's root: lab, docker/data-root-without-layers
        ("docker/data-root@29", ["overlay.upper", "directory.d_type"], Fitness.SUITABLE),
        ("docker/data-root@28", ["overlay.upper"], UNFIT),
        ("docker/data-root@28", ["directory.d_type"], UNFIT),
        ("docker/data-root", ["overlay.upper"], UNFIT),
        ("docker/data-root@29", ["mode.bindable", "directory.mount_point"], Fitness.SUITABLE),
        ("docker/data-root@29", ["name.option"], Fitness.SUITABLE),
        ("docker/data-root@29", ["owner.chown"], UNFIT),
        ("docker/data-root@29", ["mmap.shown"], UNFIT),
        ("docker/data-root@29", ["directory.open_unlink"], Fitness.DEGRADED),
        ("docker/overlay2@29", ["overlay.upper"], UNFIT),
        # what containerd refuses: containerd/overlayfs
        ("docker/containerd-store", ["xattr.declined"], UNFIT),
        ("docker/containerd-store@29", ["durability.directory"], UNFIT),
        ("docker/containerd-store@29.0", ["durability.directory"], Fitness.DEGRADED),
        ("docker/containerd-store@28", ["durability.directory"], Fitness.DEGRADED),
        # moby 2b6761fd3e, in 20.10.26 and 23.0.6
        ("docker/data-root-vfs", ["xattr.capability_asked"], UNFIT),
        ("docker/data-root-vfs@20.10", ["xattr.capability_asked"], UNFIT),
        ("docker/data-root-vfs@20.10.25", ["xattr.capability_asked"], UNFIT),
        ("docker/data-root-vfs@20.10.26", ["xattr.security_capability"], Fitness.DEGRADED),
        ("docker/data-root-vfs@20.10.27", ["xattr.security_capability"], Fitness.DEGRADED),
        ("docker/data-root-vfs@23", ["xattr.capability_asked"], UNFIT),
        ("docker/data-root-vfs@23.0.0", ["xattr.capability_asked"], UNFIT),
        ("docker/data-root-vfs@23.0.6", ["xattr.security_capability"], Fitness.DEGRADED),
        ("docker/data-root-vfs@24", ["xattr.security_capability"], Fitness.DEGRADED),
        ("podman/rootless", ["rootless.fuse"], Fitness.SUITABLE),
        ("podman/rootless", ["overlay.userxattr"], Fitness.DEGRADED),
        ("podman/rootless", ["overlay.userxattr", "rootless.fuse"], UNFIT),
        # bbolt, and SQLite; containers/storage v1.44.0 and v1.52.0 and the next
        ("podman/overlay", ["lock.flock"], UNFIT),
        ("podman/vfs@4.7", ["lock.flock"], UNFIT),
        ("podman/overlay@4.7", ["mmap.shown"], UNFIT),
        ("podman/rootless@4.8", ["lock.flock", "mmap.shown"], Fitness.SUITABLE),
        ("podman/overlay@5.8", ["lock.flock", "mmap.shown"], Fitness.SUITABLE),
        ("podman/overlay@5.8", ["lock.posix"], UNFIT),
        ("podman/overlay@4.3", ["magic.podman_zfs"], UNFIT),
        ("podman/overlay@4.4", ["magic.podman_zfs"], Fitness.SUITABLE),
        ("podman/rootless", ["magic.podman_beegfs"], UNFIT),
        ("podman/rootless@4.9", ["magic.podman_beegfs"], UNFIT),
        ("podman/rootless@5.0", ["magic.podman_beegfs"], Fitness.SUITABLE),
        # lab: ext4-append-only; distributions change the mode before upstream does
        ("containerd/overlayfs@1.6", ["directory.changeable"], UNFIT),
        ("containerd/native@2.2", ["directory.changeable"], UNFIT),
        ("containerd/overlayfs@2.3", ["directory.changeable"], Fitness.SUITABLE),
        # lab: bindfs, ext4-no-filetype, ext4-noexec
        ("apptainer/overlay-dir", ["magic.apptainer_overlay"], UNFIT),
        ("apptainer/overlay-dir", ["directory.d_type"], UNFIT),
        ("apptainer/overlay-dir", ["mode.execute"], Fitness.SUITABLE),
        ("apptainer/sandbox", ["directory.d_type", "node.whiteout"], Fitness.SUITABLE),
        ("apptainer/sandbox", ["mode.execute"], UNFIT),
    ],
)
def test_what_a_role_does_not_fit_without(role: str, lacking: list[str], fitness: Fitness) -> None:
    findings = {
        probe: Finding(probe, Outcome.NO if probe in lacking else Outcome.YES)
        for probe in probes.every()
    }
    assert judge(findings, engines.roles([role]))[role.partition("@")[0]].fitness is fitness


@pytest.mark.parametrize("role", ["data-root", "containerd-store", "rootless"])
def test_no_driver_speaks_that_a_docker_29_does_not_try(role: str) -> None:
    """Where it is told nothing else: moby daemon/image_store_choice.go."""
    (chosen,) = engines.roles([f"docker/{role}@29"])
    said = "\n".join(need.says for need in chosen.needs)
    assert said
    assert "graphdriver" not in said
    assert "overlay2" not in said


def test_a_docker_29_is_judged_by_what_was_measured_of_one_without_its_layers() -> None:
    """The measure is of 28.5 with its feature: the same needs, and no role of layers beside."""
    (measured,) = engines.roles(["docker/data-root-without-layers@29"])
    whole, *others = engines.roles(["docker@29"])

    def needs(role: Role) -> set[tuple[object, ...]]:
        return {(need.any_of, need.level, need.because) for need in role.needs}

    assert needs(whole) == needs(measured)
    assert "docker/overlay2" not in [role.id for role in others]
    assert "--for containerd/overlayfs" in whole.elsewhere
    (engine,) = engines.whole(["docker@29"])
    assert [(driver.id, driver.role) for driver in engine.drivers] == [
        ("containerd-store", "docker/data-root")
    ]
