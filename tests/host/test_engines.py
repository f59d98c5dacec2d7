"""What podman, containerd and the kernel's overlay make of real file systems.

What is expected comes from what the engines were measured to do (docs/reference/podman.md,
containerd.md, kernel.md; lab/results), never from what fscaps said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

import fscaps
from fscaps import Fitness, Outcome
from lab.filesystems import FILESYSTEMS, missing

if TYPE_CHECKING:
    from pathlib import Path

YES, SOME, NO = Fitness.SUITABLE, Fitness.DEGRADED, Fitness.UNSUITABLE


class Expected(NamedTuple):
    """The fitness for each role; fuse-overlayfs is degraded at best."""

    overlay: Fitness
    fuse_overlayfs: Fitness
    vfs: Fitness
    rootless: Fitness
    store: Fitness
    overlayfs: Fitness
    native: Fitness
    lower: Fitness


ROLES = (
    "podman/overlay",
    "podman/fuse-overlayfs",
    "podman/vfs",
    "podman/rootless",
    "podman/additional-image-store",
    "containerd/overlayfs",
    "containerd/native",
    "kernel/overlay-lower",
)
ALL = Expected(YES, SOME, YES, YES, YES, YES, YES, YES)

EXPECTED = {
    "ext4": ALL,
    "xfs": ALL,
    "btrfs": ALL,
    "ext4-noexec": Expected(YES, SOME, YES, SOME, YES, YES, NO, YES),
    "ext4-nosuid": Expected(YES, SOME, YES, YES, YES, YES, SOME, YES),
    "ext4-no-filetype": Expected(NO, SOME, YES, SOME, NO, NO, YES, SOME),
    "ext4-colon": Expected(NO, NO, NO, NO, NO, NO, YES, SOME),
    "ext4-comma": Expected(NO, NO, YES, NO, NO, NO, YES, SOME),
    "ext4-long-path": Expected(NO, SOME, YES, SOME, NO, NO, YES, YES),
    "ext4-unbindable": Expected(NO, NO, YES, YES, NO, NO, NO, NO),
    "ext4-odd-name": Expected(NO, NO, NO, NO, NO, NO, YES, SOME),
    "ext4-read-only": Expected(NO, NO, NO, NO, NO, NO, NO, YES),
    "ramfs": Expected(NO, NO, SOME, NO, NO, NO, SOME, YES),
    "overlay": Expected(NO, SOME, YES, SOME, NO, NO, YES, YES),
    # It takes a whiteout for its own: what is copied there as one may be gone (node.left).
    "fuse-overlayfs": Expected(NO, NO, YES, NO, NO, NO, SOME, SOME),
    "bindfs": Expected(NO, SOME, SOME, SOME, SOME, NO, SOME, YES),
    "gocryptfs": Expected(SOME, SOME, SOME, NO, SOME, SOME, SOME, YES),
}
"""The file systems that tell one role from another, with OLDEST."""

EXPECTED_OF_NEWEST = {
    "ext4": ALL,
    "ext4-no-filetype": EXPECTED["ext4-no-filetype"]._replace(native=NO),
    "ext4-odd-name": EXPECTED["ext4-odd-name"]._replace(native=NO),
    "ext4-long-path": Expected(NO, NO, NO, NO, YES, NO, YES, YES),
}
"""Where NEWEST do otherwise: SQLite's paths, containerd 2's TOML and its one database for all."""

OLDEST = ("podman/*@4.3", "containerd/*@1.6", "kernel/*")
NEWEST = ("podman/*@5.8", "containerd/*@2.1", "kernel/*")
ALL_VERSIONS = ("podman/*", "containerd/*", "kernel/*")


def _report(name: str, work: Path, roles: tuple[str, ...] = ALL_VERSIONS) -> fscaps.Report:
    lacking = missing(FILESYSTEMS[name])
    if lacking:
        pytest.skip(f"{name}: {lacking}")
    with FILESYSTEMS[name](work) as directory:
        return fscaps.survey(directory, roles=roles)


def _fitness(report: fscaps.Report) -> Expected:
    return Expected(*(report[role].fitness for role in ROLES))


@pytest.mark.parametrize("name", list(EXPECTED))
def test_the_verdicts_are_what_the_engines_do(name: str, tmp_path: Path) -> None:
    """Each role's verdict is the measured truth, and nothing is left behind."""
    report = _report(name, tmp_path, OLDEST)
    assert _fitness(report) == EXPECTED[name], report.findings
    assert report.warnings == ()


@pytest.mark.parametrize("name", list(EXPECTED_OF_NEWEST))
def test_the_verdicts_are_what_newer_engines_do(name: str, tmp_path: Path) -> None:
    """Of a newer version the same, where it does otherwise."""
    report = _report(name, tmp_path, NEWEST)
    assert _fitness(report) == EXPECTED_OF_NEWEST[name], report.findings


@pytest.mark.parametrize(
    ("name", "role", "probe"),
    [
        ("ramfs", "podman/overlay", "xattr.overlay_opaque"),
        ("ramfs", "podman/fuse-overlayfs", "xattr.acl_asked"),
        ("ramfs", "podman/additional-image-store", "xattr.overlay_opaque"),
        ("overlay", "podman/overlay", "magic.podman_overlay"),
        ("fuse-overlayfs", "podman/fuse-overlayfs", "name.hidden"),
        ("gocryptfs", "podman/rootless", "rootless.files"),
        ("ntfs-3g", "podman/rootless", "rootless.owners"),
        ("ext4-colon", "podman/vfs", "name.colon"),
        ("ext4-comma", "podman/fuse-overlayfs", "name.comma"),
        ("ext4-odd-name", "podman/vfs", "name.utf8"),
        ("ext4-unbindable", "podman/fuse-overlayfs", "mode.bindable"),
        ("ext4-noexec", "containerd/native", "mode.execute"),
        ("ext4-no-filetype", "containerd/overlayfs", "directory.d_type"),
    ],
)
def test_what_decides_is_named(name: str, role: str, probe: str, tmp_path: Path) -> None:
    """The probe that stands for the measured cause is among the blockers, and says no."""
    report = _report(name, tmp_path)
    assert report.findings[probe].outcome is Outcome.NO
    assert any(probe in need.any_of for need in report[role].blockers)


@pytest.mark.parametrize(
    ("name", "probe"),
    [
        ("ramfs", "rootless.capability"),
        ("ntfs-3g", "rootless.owners"),
        ("gocryptfs", "rootless.files"),
    ],
)
def test_a_user_namespace_is_refused_something(name: str, probe: str, tmp_path: Path) -> None:
    """Each rootless probe says no where its own cause is, and yes on ext4."""
    (tmp_path / "it").mkdir()
    (tmp_path / "ext4").mkdir()
    assert _report(name, tmp_path / "it").findings[probe].outcome is Outcome.NO
    assert _report("ext4", tmp_path / "ext4").findings[probe].outcome is Outcome.YES
