"""Docker's storage drivers and the parts of its data-root, on file systems made for real.

What is expected comes from what dockerd 20.10.24 was measured to do there
(docs/reference/docker.md), from the kernel's documentation, or from how the file system was made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import fscaps
from fscaps import Fitness, Outcome
from lab.filesystems import FILESYSTEMS, missing

if TYPE_CHECKING:
    from pathlib import Path

SOME, NO, OPEN = Fitness.DEGRADED, Fitness.UNSUITABLE, Fitness.UNDETERMINED

DRIVERS = {
    # Each of them loses hard links in docker commit, wherever it lies.
    "ext4": {"vfs": SOME, "fuse-overlayfs": SOME, "btrfs": NO},
    "btrfs": {"vfs": SOME, "fuse-overlayfs": SOME, "btrfs": SOME},
    "tmpfs": {"vfs": SOME, "fuse-overlayfs": SOME, "btrfs": NO},
    "overlay": {"vfs": SOME, "fuse-overlayfs": SOME, "btrfs": NO},
    "bindfs": {"vfs": SOME, "fuse-overlayfs": SOME, "btrfs": NO},
    # root's containers work; it goes by paths, so that of others nothing is known
    "mergerfs": {"vfs": OPEN, "fuse-overlayfs": SOME, "btrfs": NO},
    "ext4-unbindable": {"vfs": SOME, "fuse-overlayfs": SOME, "btrfs": NO},
    # with 20.10 and 26.1 they work; with 28.5, and a containerd of dockerd's own, no container runs
    "ext4-no-filetype": {"vfs": NO, "fuse-overlayfs": NO},
    "ramfs": {"vfs": NO, "fuse-overlayfs": NO},
    "fuse-overlayfs": {"vfs": SOME, "fuse-overlayfs": NO},
    "ext4-noexec": {"vfs": NO, "fuse-overlayfs": SOME},
    "ext4-colon": {"vfs": SOME, "fuse-overlayfs": NO},
    "ext4-comma": {"vfs": NO, "fuse-overlayfs": NO},
    "ext4-odd-name": {"vfs": NO, "fuse-overlayfs": NO},
    "ext4-immutable": {"vfs": NO, "fuse-overlayfs": NO, "btrfs": NO},
}

ANSWERS = [
    ("btrfs", "subvolume.create", Outcome.YES),
    ("btrfs", "subvolume.snapshot", Outcome.YES),
    ("btrfs", "driver.btrfs", Outcome.YES),
    ("ext4", "subvolume.create", Outcome.NO),
    ("ext4", "driver.btrfs", Outcome.NO),
    ("ext4", "driver.zfs", Outcome.NO),
    ("ext4", "fuse.device", Outcome.YES),
    ("ext4", "driver.overlay2", Outcome.YES),
    ("ext4", "xattr.acl_asked", Outcome.YES),
    # no access control lists, and no attributes at all
    ("ramfs", "xattr.acl_asked", Outcome.NO),
    # the kernel takes it for an upper directory, and it does not do for one
    ("ramfs", "driver.overlay2", Outcome.YES),
    ("ramfs", "overlay.upper", Outcome.NO),
    ("ext4-no-filetype", "driver.overlay2", Outcome.YES),
    # overlayfs.rst: overlay cannot be the upper of overlay
    ("overlay", "driver.overlay2", Outcome.NO),
    ("overlay", "driver.podman_vfs", Outcome.YES),
    ("ext4", "driver.podman_vfs", Outcome.NO),
    ("ext4", "magic.podman_zfs", Outcome.YES),
    ("overlay", "magic.apptainer_overlay", Outcome.YES),
    ("bindfs", "magic.apptainer_overlay", Outcome.NO),
    ("bindfs", "driver.overlay2", Outcome.NO),
    # keeps its own whiteouts by such names
    ("fuse-overlayfs", "name.hidden", Outcome.NO),
    ("overlay", "name.hidden", Outcome.YES),
    ("ext4", "mode.bindable", Outcome.YES),
    ("ext4", "directory.mount_point", Outcome.YES),
    ("ext4-immutable", "directory.mount_point", Outcome.NO),
    ("ext4-unbindable", "mode.bindable", Outcome.NO),
    ("ext4-unbindable", "overlay.upper", Outcome.YES),
    ("ext4-unbindable", "overlay.remount", Outcome.YES),
    # asked after the overlay, in a namespace where the scratch directory's mount is foreign
    ("ext4-unbindable", "mode.setuid", Outcome.YES),
    ("ext4-colon", "name.comma", Outcome.YES),
    ("ext4-comma", "name.comma", Outcome.NO),
    ("ext4-comma", "name.utf8", Outcome.YES),
    ("ext4-odd-name", "name.utf8", Outcome.NO),
]

PARTS = ("swarm", "buildkit", "containers", "network")


@pytest.fixture
def survey(request: pytest.FixtureRequest, tmp_path: Path) -> fscaps.Report:
    """A survey of the file system that the test names."""
    system = FILESYSTEMS[request.param]
    lacking = missing(system)
    if lacking:
        pytest.skip(f"{request.param}: {lacking}")
    with system(tmp_path) as directory:
        report = fscaps.survey(directory)
        assert not [name for name in directory.iterdir() if "fscaps" in name.name]
    return report


@pytest.mark.parametrize(("survey", "expected"), DRIVERS.items(), indirect=["survey"])
def test_a_driver_is_judged_as_dockerd_does_with_it(
    survey: fscaps.Report, expected: dict[str, Fitness]
) -> None:
    seen = {name: survey[f"docker/data-root-{name}"].fitness for name in expected}
    assert seen == expected


@pytest.mark.parametrize(("survey", "probe", "outcome"), ANSWERS, indirect=["survey"])
def test_answers(survey: fscaps.Report, probe: str, outcome: Outcome) -> None:
    assert survey.findings[probe].outcome is outcome, survey.findings[probe].detail


@pytest.mark.parametrize(
    "survey", ["ext4", "ramfs", "overlay", "fuse-plain", "ext4-no-filetype"], indirect=True
)
def test_what_is_no_layer_needs_no_overlay(survey: fscaps.Report) -> None:
    """dockerd keeps these parts on file systems that cannot be its data-root."""
    assert {survey[f"docker/{part}"].fitness for part in PARTS} == {Fitness.SUITABLE}


@pytest.mark.parametrize("survey", ["hugetlbfs", "ext4-immutable", "squashfs"], indirect=True)
def test_nothing_can_be_kept_where_nothing_can_be_written(survey: fscaps.Report) -> None:
    assert {survey[f"docker/{part}"].fitness for part in PARTS} == {NO}


@pytest.mark.parametrize(
    ("survey", "driver"),
    [
        ("ext4", "overlay2"),
        ("btrfs", "overlay2"),  # Docker 20.10 takes btrfs
        ("ramfs", "overlay2"),  # and cannot load an image with it
        ("squashfs", None),
    ],
    indirect=["survey"],
)
def test_the_driver_that_dockerd_picks(survey: fscaps.Report, driver: str | None) -> None:
    picked = survey.picks["docker"]
    assert (picked.driver, picked.open) == (driver, ())


@pytest.mark.parametrize(
    "survey", ["ext4-no-filetype", "overlay", "ext4-colon", "ext4-unbindable-below"], indirect=True
)
def test_where_overlay2_is_refused_a_program_decides(survey: fscaps.Report) -> None:
    """fuse-overlayfs where that is installed, and vfs where dockerd is, without it."""
    installed = survey.findings["driver.fuse_overlayfs"].outcome
    expected = {Outcome.YES: "fuse-overlayfs", Outcome.NO: "vfs", Outcome.UNKNOWN: None}
    picked = survey.picks["docker"]
    assert picked.driver == expected[installed]
    assert bool(picked.open) == (installed is Outcome.UNKNOWN)
    assert picked.role in (None, f"docker/data-root-{picked.driver}")


@pytest.mark.parametrize(
    ("survey", "fitness"),
    [
        ("ext4", SOME),  # hard links come apart, wherever
        ("btrfs", SOME),
        ("tmpfs", SOME),
        ("ext4-unbindable", SOME),
        ("ramfs", NO),
        ("overlay", NO),
        ("fuse-overlayfs", NO),
        ("ext4-no-filetype", NO),
        ("ext4-colon", NO),
        ("ext4-immutable", NO),
    ],
    indirect=["survey"],
)
def test_a_rootless_data_root_is_judged_on_a_users_behalf(
    survey: fscaps.Report, fitness: Fitness
) -> None:
    assert survey["docker/rootless"].fitness is fitness
