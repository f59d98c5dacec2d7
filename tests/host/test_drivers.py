"""Docker's storage drivers and the parts of its data-root, on file systems made for real.

What is expected comes from what dockerd 20.10.24 was measured to do there
(docs/reference/docker.md), from the kernel's documentation, or from how the file system was made.
"""

from __future__ import annotations

import pytest

import fscaps
from fscaps import Fitness, Outcome

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

PARTS = ("swarm", "buildkit", "containers", "network")


@pytest.mark.parametrize(("survey", "expected"), DRIVERS.items(), indirect=["survey"])
def test_a_driver_is_judged_as_dockerd_does_with_it(
    survey: fscaps.Report, expected: dict[str, Fitness]
) -> None:
    seen = {name: survey[f"docker/data-root-{name}"].fitness for name in expected}
    assert seen == expected


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
