"""The verdicts on every file system that this kernel has, each made and mounted for real.

What is expected of each comes from what dockerd was measured to do there (docs/reference/docker.md
and tests/engines), from the kernel's documentation, or from how the fixture was made; never from
what fscaps said.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from errno import ENOENT
from pathlib import Path
from typing import NamedTuple

import pytest

import fscaps
from fscaps import Fitness, Host, Outcome
from fscaps._linux.directory import Directory
from fscaps._sandbox.worker import ask
from fscaps.probes import directory
from fscaps.probes._area import Area
from lab import user
from lab.filesystems import FILESYSTEMS, missing

YES, SOME, NO, OPEN = (
    Fitness.SUITABLE,
    Fitness.DEGRADED,
    Fitness.UNSUITABLE,
    Fitness.UNDETERMINED,
)


class Expected(NamedTuple):
    """The fitness for data-root, volumes and image, and the probes that decide."""

    data_root: Fitness
    volumes: Fitness
    image: Fitness
    decided_by: tuple[str, ...] = ()


ALL = Expected(YES, YES, YES)
NOTHING = Expected(NO, NO, NO, ("directory.writable",))
NO_OVERLAY = (NO, YES, YES)

EXPECTED = {
    "ext4": ALL,
    "ext2": ALL,
    "ext4-bind": ALL,
    "ext4-over-tmpfs": ALL,
    "ext4-symlink": ALL,
    "xfs": ALL,
    "xfs-no-reflink": ALL,
    "btrfs": ALL,
    "tmpfs": ALL,
    "ext4-no-filetype": Expected(*NO_OVERLAY, ("directory.d_type",)),
    "ext4-unbindable": ALL,  # by dockerd, which makes it shared
    "overlay": Expected(*NO_OVERLAY, ("node.whiteout", "overlay.upper")),
    "ramfs": Expected(*NO_OVERLAY, ("xattr.capability_set", "overlay.upper")),
    "fuse-plain": Expected(NO, SOME, YES, ("xattr.capability_set", "overlay.upper")),
    "fuse-overlayfs": Expected(NO, SOME, YES, ("overlay.upper",)),
    "bindfs": Expected(NO, SOME, YES, ("overlay.upper",)),
    "mergerfs": Expected(NO, SOME, YES, ("overlay.upper",)),
    "ext4-colon": Expected(*NO_OVERLAY, ("name.option",)),
    "ext4-comma": Expected(*NO_OVERLAY, ("name.option",)),
    "ext4-odd-name": Expected(*NO_OVERLAY, ("name.option",)),
    "ext4-latin1": Expected(*NO_OVERLAY, ("name.utf8",)),
    "ext4-unbindable-below": Expected(*NO_OVERLAY, ("mode.bindable",)),
    "btrfs-unbindable-below": Expected(*NO_OVERLAY, ("mode.bindable",)),
    "btrfs-noexec": Expected(SOME, SOME, YES),
    "ext4-long-path": Expected(*NO_OVERLAY, ("name.option",)),
    # noexec, nosuid and nodev reach volumes, which are bind mounts, but no overlay
    "ext4-noexec": Expected(SOME, SOME, YES),
    "ext4-nosuid": Expected(SOME, SOME, YES),
    "ext4-nodev": Expected(SOME, SOME, YES),
    "ext4-read-only": NOTHING,
    "ext4-full": NOTHING,
    "ext4-no-inodes": NOTHING,
    "ext4-immutable": NOTHING,
    # nothing may be created, because it could not be removed; dockerd could use image/ there
    "ext4-append-only": Expected(NO, NO, OPEN, ("directory.changeable",)),
    "btrfs-read-only-subvolume": NOTHING,
    "btrfs-over-quota": NOTHING,
    "tmpfs-no-inodes": NOTHING,
    "squashfs": NOTHING,
    "erofs": NOTHING,
    "hugetlbfs": Expected(NO, NO, NO, ("space.writable",)),
    "ext4-shut-down": NOTHING,  # every call fails with EIO
}


@pytest.mark.parametrize("survey", list(EXPECTED), indirect=True)
def test_verdicts_are_what_dockerd_does(
    survey: fscaps.Report, request: pytest.FixtureRequest
) -> None:
    """Each role's verdict is the measured truth, and names the probe that decides."""
    expected = EXPECTED[request.node.callspec.params["survey"]]
    assert survey["docker/data-root"].fitness is expected.data_root, survey.summary
    assert survey["docker/volumes"].fitness is expected.volumes
    assert survey["docker/image"].fitness is expected.image
    blocking = {probe for need in survey["docker/data-root"].blockers for probe in need.any_of}
    assert set(expected.decided_by) <= blocking
    assert survey.warnings == ()


@pytest.mark.parametrize("survey", ["ext4", "btrfs", "xfs", "tmpfs"], indirect=True)
def test_an_ordinary_file_system_answers_every_question(survey: fscaps.Report) -> None:
    """As root nothing is left open but what this host lacks, or btrfs has."""
    unknown = {f.probe for f in survey.findings.values() if f.outcome is Outcome.UNKNOWN}
    programs = {"driver.fuse_overlayfs", "driver.podman_fuse_overlayfs"}
    lacking = {"xattr.security_selinux", *programs}
    if survey.findings["subvolume.create"].outcome is not Outcome.YES:
        lacking.add("subvolume.snapshot")
    if "erofs" not in Path("/proc/filesystems").read_text().split():
        lacking.add("loop.erofs")
    assert unknown <= lacking


@pytest.mark.parametrize("survey", ["ext4-read-only", "squashfs"], indirect=True)
def test_a_read_only_path_still_tells_what_can_be_learned(survey: fscaps.Report) -> None:
    """The mount, the free space, whether names suit, and that it can be a lower layer."""
    assert survey.mount is not None
    assert "ro" in (*survey.mount.options, *survey.mount.super_options)
    for probe in ("space.inodes", "name.option", "overlay.lower"):
        assert survey.findings[probe].outcome is not Outcome.UNKNOWN, probe
    assert survey.findings["overlay.lower"].outcome is Outcome.YES


@pytest.mark.parametrize(
    ("mode", "outcome"), [(0o711, Outcome.YES), (0o700, Outcome.UNKNOWN)], ids=["open", "closed"]
)
def test_a_server_that_goes_by_paths_may_be_open_to_others(
    tmp_path: Path, mode: int, outcome: Outcome
) -> None:
    """The scratch directory, closed to them, is on the way; what else is we leave as it is."""
    system = FILESYSTEMS["mergerfs"]
    if missing(system):
        pytest.skip(f"mergerfs: {missing(system)}")
    user.let_pass(tmp_path)
    with system(tmp_path) as directory:
        tmp_path.chmod(mode)
        found = fscaps.survey(directory, only=["mode.others"]).findings["mode.others"]
    assert found.outcome is outcome, found


@pytest.mark.parametrize("survey", ["ext4-shut-down"], indirect=True)
def test_a_directory_that_can_be_mounted_below_may_still_not_be_read(
    survey: fscaps.Report,
) -> None:
    """Where making a file fails with EIO, reading one does, too."""
    assert survey.findings["directory.writable"].errno == "EIO"
    assert survey.findings["overlay.lower"].outcome is Outcome.NO
    assert survey.findings["overlay.lower"].errno == "EIO"
    assert survey.verdicts["kernel/overlay-lower"].fitness is Fitness.UNSUITABLE


@pytest.mark.parametrize(
    ("survey", "errno"),
    [
        ("ext4-full", "ENOSPC"),
        ("ext4-no-inodes", "ENOSPC"),
        ("btrfs-over-quota", "EDQUOT"),
        ("ext4-immutable", "EPERM"),
        ("ext4-read-only", "EROFS"),
        ("squashfs", "EROFS"),
    ],
    indirect=["survey"],
)
def test_a_blocker_names_the_errno(survey: fscaps.Report, errno: str) -> None:
    """The finding that decides carries the errno of the call, and the verdict what to do."""
    assert survey.findings["directory.writable"].errno == errno
    (first, *_) = survey["docker/data-root"].blockers
    assert first.remedy
    assert errno in survey.summary


@pytest.mark.parametrize("survey", ["ext4-symlink"], indirect=True)
def test_the_way_to_the_path_is_told(survey: fscaps.Report) -> None:
    """The links on the way are in the report, and the path is resolved through them."""
    assert len(survey.links) == 2
    assert survey.resolved is not None
    assert survey.resolved != survey.path


@pytest.mark.parametrize("survey", ["mergerfs", "bindfs"], indirect=True)
def test_a_fuse_file_system_is_named_by_its_subtype(survey: fscaps.Report) -> None:
    """The mount's type is fuse.<subtype>, as mountinfo tells it, and its magic FUSE's."""
    assert survey.mount is not None
    assert survey.mount.type.startswith("fuse")
    assert survey.mount.magic == "0x65735546"


@pytest.mark.parametrize("survey", ["ext4", "btrfs"], indirect=True)
def test_a_loop_device_is_seen_below(survey: fscaps.Report) -> None:
    """The block device chain ends in the file behind the loop device, which may lie anywhere."""
    assert survey.mount is not None
    assert any(device.startswith("loop") and "(" in device for device in survey.mount.devices)
    assert survey.placement is not None
    assert survey.placement.attachment is fscaps.Attachment.UNKNOWN
    assert survey.placement.migrate.answer is Outcome.UNKNOWN


@pytest.mark.skipif(shutil.which("mkfs.btrfs") is None, reason="no mkfs.btrfs")
def test_all_devices_of_a_btrfs_are_seen_below(tmp_path: Path) -> None:
    """The mount table names one."""
    point = tmp_path / "mnt"
    point.mkdir()
    devices = []
    try:
        for name in ("one", "other"):
            with (tmp_path / name).open("wb") as image:
                image.truncate(256 << 20)
            devices.append(_said("losetup", "--find", "--show", tmp_path / name))
        _said("mkfs.btrfs", "-q", *devices)
        _said("mount", "-t", "btrfs", "-o", f"device={devices[1]}", devices[0], point)
        try:
            mount = fscaps.survey(point, only=["name.option"]).mount
        finally:
            _said("umount", point)
    finally:
        for device in devices:
            _said("losetup", "--detach", device)
    assert mount is not None
    assert [device.partition(" ")[0] for device in mount.devices] == sorted(
        device.removeprefix("/dev/") for device in devices
    )


def _said(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_what_takes_no_directory_at_all_is_unsuitable() -> None:
    """Of proc the kernel says ENOENT, as of a directory that was removed."""
    report = fscaps.survey("/proc", roles=["docker", "kernel"])
    assert report.findings["directory.writable"].errno == "ENOENT"
    assert {verdict.fitness for verdict in report.verdicts.values()} == {NO}


def test_a_directory_that_was_removed_is_not_known(tmp_path: Path) -> None:
    """It was there when it was opened, and nothing can be made in it."""
    there = tmp_path / "there"
    there.mkdir()
    with Directory(os.open(there, os.O_RDONLY)) as target:
        there.rmdir()
        area = Area(target, str(there), Host("6.1.0", "x86_64", 0))
        area.directory = FileNotFoundError(ENOENT, "No such file or directory")
        assert ask(directory.writable, area).outcome is Outcome.UNKNOWN
        there.mkdir()
        assert ask(directory.writable, area).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("name", "outcome"), [("ext4", Outcome.YES), ("ext4-no-filetype", Outcome.NO)]
)
def test_how_an_empty_directory_is_listed_tells_of_its_types(
    tmp_path: Path, name: str, outcome: Outcome
) -> None:
    """Where nothing is in it and nothing may be made there; at the top of a mount nothing tells."""
    system = FILESYSTEMS[name]
    if missing(system):
        pytest.skip(f"{name}: {missing(system)}")
    with system(tmp_path) as directory:
        (directory / "empty").mkdir()
        found = fscaps.survey(directory / "empty", only=["directory.d_type"], write=False)
    assert found.findings["directory.d_type"].outcome is outcome


@pytest.mark.parametrize("survey", ["tmpfs-no-inodes"], indirect=True)
def test_the_top_of_an_empty_mount_tells_nothing_of_types(survey: fscaps.Report) -> None:
    """What is above it is of another file system."""
    assert survey.findings["directory.d_type"].outcome is Outcome.UNKNOWN
