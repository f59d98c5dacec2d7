"""Ext4, a directory with a default ACL: others have no rights to what is made in it."""

import os
import struct
from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.ext4", "fs:ext4")
_VERSION = struct.pack("<I", 2)  # linux/posix_acl_xattr.h
_NOBODY = 0xFFFFFFFF
_ENTRIES = (  # tag, rights, id: user::rwx user:1000:rwx group::r-x mask::rwx other::---
    *((0x01, 0o7, _NOBODY), (0x02, 0o7, 1000), (0x04, 0o5, _NOBODY)),
    *((0x10, 0o7, _NOBODY), (0x20, 0, _NOBODY)),
)


def build(bench: Bench) -> Path:
    directory = bench.ext4() / "directory"
    directory.mkdir()
    acl = _VERSION + b"".join(struct.pack("<HHI", *entry) for entry in _ENTRIES)
    os.setxattr(directory, "system.posix_acl_default", acl)
    return directory
