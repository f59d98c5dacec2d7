"""What an explanation confirms and refutes on real file systems, each made to have the cause.

What is expected follows from how the file system was made, never from what fscaps said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import fscaps
from fscaps import Standing
from lab.filesystems import FILESYSTEMS, missing

if TYPE_CHECKING:
    from pathlib import Path

NOT_STARTED = "failed to start daemon: error initializing graphdriver: driver not supported"
UPPER, OPTION, WRITABLE = "overlay.upper", "name.option", "directory.writable"
CAPABILITY, LINK, D_TYPE = "xattr.capability_set", "symlink.overlay2", "directory.d_type"
BINDABLE = "mode.bindable"
INODES, ROOM, FLOCK = "space.inodes", "space.writable", "lock.flock"

# file system, what was said, the probes that confirm a cause, those that refute one
CASES = [
    ("ext4", NOT_STARTED, set(), {UPPER, OPTION, WRITABLE}),
    ("overlay", NOT_STARTED, {UPPER}, {OPTION, WRITABLE}),
    ("ext4-colon", NOT_STARTED, {OPTION}, {UPPER, WRITABLE}),
    ("ext4-read-only", NOT_STARTED, {WRITABLE}, {OPTION}),
    ("ext4", "lsetxattr /bin/ping: operation not supported", set(), {CAPABILITY, "xattr.user"}),
    ("ramfs", "lsetxattr /bin/ping: operation not supported", {CAPABILITY, "xattr.user"}, set()),
    (
        "overlay",
        "symlink ../a/diff /d/overlay2/l/B: no such file or directory",
        set(),
        {LINK},
    ),
    ("ext4-no-filetype", "the backing extfs filesystem is formatted without d_type support",
     {D_TYPE}, set()),
    ("xfs", "the backing xfs filesystem is formatted without d_type support", set(), {D_TYPE}),
    ("ext4-no-inodes", "write a: no space left on device", {INODES}, set()),
    ("ext4-full", "write a: no space left on device", {ROOM}, set()),
    ("ext4", "write a: no space left on device", set(), set()),
    ("ext4", "waiting for response from boltdb open", set(), {FLOCK}),
    (
        "ext4",
        "'overlay' is not supported over extfs at \"/g\"",
        set(),
        {UPPER, BINDABLE, OPTION},
    ),
    ("ext4-colon", "'overlay' is not supported over extfs at \"/g\"", {OPTION}, {UPPER}),
    ("ext4-unbindable", NOT_STARTED, {BINDABLE}, {OPTION, WRITABLE}),
    ("ext4-unbindable", "failed to mount overlay: invalid argument", {BINDABLE}, {OPTION}),
    ("ext4-unbindable", "failed to mount /r/containerd-mount1: invalid argument", {BINDABLE},
     {OPTION}),
    ("ext4-unbindable", "'overlay' is not supported over extfs at \"/g\"", {BINDABLE}, {OPTION}),
    ("ext4", "prerequisites for driver not satisfied (wrong filesystem?)", {"driver.btrfs"}, set()),
    ("btrfs", "prerequisites for driver not satisfied (wrong filesystem?)", {"driver.zfs"},
     {"driver.btrfs"}),
    ("overlay", "'overlay' is not supported over overlayfs, a mount_program is required",
     {"magic.podman_overlay"}, set()),
    ("ext4-immutable", "mkdir /g/libpod: operation not permitted", {"directory.changeable"}, set()),
    ("ramfs", "ignored xattrs in archive: underlying filesystem doesn't support them",
     {"xattr.security_capability"}, set()),
    ("ext4-comma", "boltdb supports one endpoint and should be a file path", {"name.comma"}, set()),
    ("ext4-noexec", 'exec: "sleep": executable file not found in $PATH', {"mode.execute"}, set()),
]  # fmt: skip


def decided(explanation: fscaps.Explanation, standing: Standing) -> set[str]:
    """The probes of the causes that stand so."""
    causes = [cause for message in explanation.messages for cause in message.causes]
    return {probe for cause in causes if cause.standing is standing for probe in cause.probes}


@pytest.mark.parametrize(
    ("name", "said", "confirmed", "refuted"),
    CASES,
    ids=[f"{case[0]}-{i}" for i, case in enumerate(CASES)],
)
def test_causes_are_confirmed_and_refuted_by_what_the_path_does(
    tmp_path: Path, name: str, said: str, confirmed: set[str], refuted: set[str]
) -> None:
    filesystem = FILESYSTEMS[name]
    lacking = missing(filesystem)
    if lacking:
        pytest.skip(lacking)
    with filesystem(tmp_path) as path:
        explanation = fscaps.explain(said, path)
    assert explanation
    assert confirmed <= decided(explanation, Standing.CONFIRMED)
    assert refuted <= decided(explanation, Standing.REFUTED)
    if not confirmed:
        assert decided(explanation, Standing.CONFIRMED) == set()
    if not refuted:
        assert decided(explanation, Standing.REFUTED) == set()
