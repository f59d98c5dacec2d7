"""What getdents64(2) tells of a directory."""

from __future__ import annotations

import errno
import os
import struct

from . import calls, libc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 32768
"""Entries that a directory may be said to have: a server, or a neighbour, must not fill memory."""
_DT_DIR = 4
BLOCK = 8192
"""Bytes that are read at once, as by Go's programs (os/dir_unix.go: blockSize), which the engines
are. The C library reads 32 KiB, which not every FUSE server gives (directory.block)."""
_DIRENT = struct.Struct("=QqHB")


class Entry:
    """One name as getdents64(2) tells it: ``type`` is DT_*, 0 where the file system won't say."""

    __slots__ = ("inode", "name", "type")

    def __init__(self, name: bytes, inode: int, kind: int) -> None:
        self.name = name
        self.inode = inode
        self.type = kind

    @property
    def is_directory(self) -> bool:
        """Whether it says that it is one."""
        return self.type == _DT_DIR


def entries(fd: int, block: int = BLOCK) -> Iterator[Entry]:
    """All but ``.`` and ``..``, from the first on, so many bytes at a time.

    EOVERFLOW if there are more than MOST.

    Read raw, because os.scandir hides DT_UNKNOWN behind a stat of its own.
    """
    import ctypes  # noqa: PLC0415 - as in libc

    calls.lseek(fd, 0, os.SEEK_SET)
    buffer = ctypes.create_string_buffer(block)
    left = MOST
    while True:
        count = libc.syscall("getdents64", fd, ctypes.addressof(buffer), len(buffer))
        if not count:
            return
        found = list(_entries(buffer.raw[:count]))
        left -= len(found)
        if left < 0:
            raise OSError(errno.EOVERFLOW, f"getdents64: more than {MOST} entries in a directory")
        yield from found


def _entries(block: bytes) -> Iterator[Entry]:
    at = 0
    while at < len(block):
        inode, _, length, kind = _DIRENT.unpack_from(block, at)
        name = block[at + _DIRENT.size : at + length].split(b"\0", 1)[0]
        if name not in (b".", b".."):
            yield Entry(name, inode, kind)
        at += length
