"""The mount table: what is mounted below a directory, mount(2) and umount2(2)."""

from __future__ import annotations

import ctypes
import errno
import os
import re
from pathlib import Path
from typing import NamedTuple

MNT_FORCE = 1
MNT_DETACH = 2
UMOUNT_NOFOLLOW = 8

_libc = ctypes.CDLL(None, use_errno=True)


class Mount(NamedTuple):
    """One line of mountinfo."""

    id: int
    point: Path
    type: str
    device: str


def mounts_below(directory: Path) -> list[Mount]:
    """Every mount at or below a directory, oldest first, without touching any of them."""
    inside = (os.fsencode(directory), os.fsencode(directory) + b"/")
    found = []
    for line in Path("/proc/self/mountinfo").read_bytes().split(b"\n")[:-1]:
        left, right = line.split(b" - ", 1)
        fields = left.split(b" ")
        point = re.sub(rb"\\([0-7]{3})", lambda octal: bytes([int(octal[1], 8)]), fields[4])
        if point == inside[0] or point.startswith(inside[1]):
            fstype = right.split(b" ", 1)[0].decode()
            path = Path(os.fsdecode(point))
            found.append(Mount(int(fields[0]), path, fstype, fields[2].decode()))
    return found


def mount(source: str, point: Path, fstype: str, flags: int = 0, options: str = "") -> None:
    """Mount a file system."""
    result = _libc.mount(
        os.fsencode(source),
        os.fsencode(point),
        fstype.encode(),
        ctypes.c_ulong(flags),
        os.fsencode(options),
    )
    _check(result, point)


def unmount(point: Path, flags: int = 0) -> None:
    """Unmount the uppermost mount of a mount point."""
    _check(_libc.umount2(os.fsencode(point), flags | UMOUNT_NOFOLLOW), point)


def unmount_below(directory: Path, keep: list[Mount]) -> None:
    """Unmount what is mounted at or below a directory, newest first, except what was before.

    A file system still in use is detached: it ends with its last open file. A FUSE connection
    is aborted instead, so that a server that does not answer cannot hold us up.
    """
    kept = {before.id for before in keep}
    for found in reversed(mounts_below(directory)):
        if found.id in kept:
            continue
        if found.type.startswith("fuse"):
            unmount(found.point, MNT_FORCE | MNT_DETACH)
            continue
        try:
            unmount(found.point)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            unmount(found.point, MNT_DETACH)


def _check(result: int, point: Path) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(point))
