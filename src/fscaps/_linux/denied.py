"""Whether a call is denied to this process whatever it is asked of: by a seccomp(2) filter.

Containers and services run under one. Asked of no file at all, a call that the kernel gets to see
is EBADF or EFAULT; a filter answers before the kernel looks.
"""

from __future__ import annotations

import fcntl
import os
import stat

from . import confined, libc
from .directory import EXCHANGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_NAME = "nothing"
_ATTRIBUTE = b"user.fscaps"
_SPECIAL = 0o6755
"""A filter may look at the mode: systemd's RestrictSUIDSGID= does."""

_OF_NO_FILE: dict[str, Callable[[], object]] = {
    "bind": lambda: libc.call("bind", -1, b"\1\0", 2),
    "chmod": lambda: os.fchmod(-1, _SPECIAL),
    "execveat": confined.execute_nothing,
    "fallocate": lambda: libc.call("fallocate", -1, 0, 0, 1),
    "fdatasync": lambda: libc.call("fdatasync", -1),
    "flock": lambda: libc.call("flock", -1, fcntl.LOCK_UN),
    "fsync": lambda: libc.call("fsync", -1),
    "ftruncate": lambda: os.ftruncate(-1, 0),
    "getdents64": lambda: libc.syscall("getdents64", -1, None, 0),
    "getxattr": lambda: libc.call("fgetxattr", -1, _ATTRIBUTE, None, 0),
    "lchown": lambda: os.chown(_NAME, 0, 0, dir_fd=-1, follow_symlinks=False),
    "link": lambda: os.link(_NAME, _NAME, src_dir_fd=-1, dst_dir_fd=-1, follow_symlinks=False),
    "listxattr": lambda: libc.call("flistxattr", -1, None, 0),
    "lseek": lambda: os.lseek(-1, 0, os.SEEK_SET),
    "mkdir": lambda: os.mkdir(_NAME, dir_fd=-1),
    "mkfifo": lambda: os.mkfifo(_NAME, dir_fd=-1),
    "mknod": lambda: os.mknod(_NAME, stat.S_IFCHR, 0, dir_fd=-1),
    "readlink": lambda: os.readlink(_NAME, dir_fd=-1),
    "removexattr": lambda: libc.call("fremovexattr", -1, _ATTRIBUTE),
    "rename": lambda: os.rename(_NAME, _NAME, src_dir_fd=-1, dst_dir_fd=-1),
    "renameat2": lambda: libc.syscall("renameat2", -1, b"", -1, b"", EXCHANGE),
    "rmdir": lambda: os.rmdir(_NAME, dir_fd=-1),
    "setxattr": lambda: libc.call("fsetxattr", -1, _ATTRIBUTE, None, 0, 0),
    "symlink": lambda: os.symlink(_NAME, _NAME, dir_fd=-1),
    "unlink": lambda: os.unlink(_NAME, dir_fd=-1),
    "utimensat": lambda: os.utime(_NAME, dir_fd=-1, follow_symlinks=False),
}


def is_denied(error: OSError) -> bool:
    """Whether the call that the error names fails likewise where there is no file to refuse it."""
    call = str(error.strerror).partition(":")[0].partition(" ")[0]
    if call not in _OF_NO_FILE:
        return False
    try:
        _OF_NO_FILE[call]()
    except OSError as other:
        return other.errno == error.errno
    return False
