"""Locks: whether they exclude a second process, and how long a call takes.

Each runs in a helper process, because a call can block for ever where the lock server is away.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
from errno import EACCES, EAGAIN, EBADF, EINVAL, ENOLCK, ENOSYS, ENOTSUP
from typing import TYPE_CHECKING

from .._linux.libc import naming
from .._linux.processes import in_helper
from . import Answer, No, probe
from ._area import setting_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._area import Area

_REFUSED = (ENOLCK, ENOSYS, ENOTSUP, EINVAL, EBADF, EACCES)
_F_OFD_SETLK = 37
# struct flock: short, short, (pad) off_t, off_t, pid_t
_FLOCK = struct.pack("hhqqi0q", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)


def _excludes(area: Area, take: Callable[[int], None]) -> Answer:
    """Take the lock in one process; a second must be refused while it is held, and not after."""
    name = f"lock-{take.__name__}"
    with setting_up():
        area.scratch.write(name, b"")
    seconds = in_helper(lambda: _contest(area, name, take), area.seconds)
    if not seconds:
        raise No("a second process got the lock while the first held it")
    return Answer(value=float(seconds))


def _contest(area: Area, name: str, take: Callable[[int], None]) -> str:
    """In the first process: how long taking the lock took, or nothing if it excludes nobody."""
    fd = area.scratch.open(name, os.O_RDWR)
    before = time.perf_counter()
    take(fd)
    seconds = time.perf_counter() - before
    if in_helper(lambda: _second(area, name, take), area.seconds) != "refused":
        return ""
    os.close(fd)
    released = in_helper(lambda: _second(area, name, take), area.seconds)
    return f"{seconds:.6f}" if released == "taken" else ""


def _second(area: Area, name: str, take: Callable[[int], None]) -> str:
    fd = area.scratch.open(name, os.O_RDWR)
    try:
        take(fd)
    except OSError as error:
        if error.errno in (EAGAIN, EACCES):
            return "refused"
        raise
    return "taken"


def _flock(fd: int) -> None:
    with naming("flock"):
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _posix(fd: int) -> None:
    with naming("fcntl F_SETLK"):
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _ofd(fd: int) -> None:
    with naming("fcntl F_OFD_SETLK"):
        fcntl.fcntl(fd, _F_OFD_SETLK, _FLOCK)


@probe("Does flock(2) exclude a second process?", no=_REFUSED)
def flock(area: Area) -> Answer:
    """As bbolt takes it on each of dockerd's databases; the value is the call's seconds.

    (etcd-io/bbolt bolt_unix.go:flock)
    """
    return _excludes(area, _flock)


@probe("Does fcntl(2) F_SETLK exclude a second process?", no=_REFUSED)
def posix(area: Area) -> Answer:
    """As SQLite and containers/storage take it; the value is the call's seconds."""
    return _excludes(area, _posix)


@probe("Does fcntl(2) F_OFD_SETLK exclude a second process?", no=_REFUSED)
def ofd(area: Area) -> Answer:
    """As etcd's write-ahead log takes it (swarm); the value is the call's seconds."""
    return _excludes(area, _ofd)
