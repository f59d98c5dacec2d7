"""Locks: whether they exclude a second process, and how long a call takes.

All kinds are tried together in helper processes, because a call can block for ever where the lock
server is away, and because each process costs more than all of the calls.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
from errno import EACCES, EAGAIN, EBADF, EINVAL, ENOLCK, ENOSYS, ENOTSUP
from typing import TYPE_CHECKING, Callable

from .._linux.processes import in_helper
from . import Answer, No, probe
from ._area import setting_up

if TYPE_CHECKING:
    from ._area import Area

_BUSY = (EAGAIN, EACCES)
_REFUSED = (ENOLCK, ENOSYS, ENOTSUP, EINVAL, EBADF, EACCES)
_F_OFD_SETLK = 37
# struct flock: short, short, (pad) off_t, off_t, pid_t
_FLOCK = struct.pack("hhqqi0q", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)


def _flock(fd: int) -> None:
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _posix(fd: int) -> None:
    fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _ofd(fd: int) -> None:
    fcntl.fcntl(fd, _F_OFD_SETLK, _FLOCK)


_KINDS: dict[str, Callable[[int], None]] = {"flock": _flock, "posix": _posix, "ofd": _ofd}


def _attempt(area: Area, kind: str) -> tuple[int, str]:
    """Open the kind's file and try its lock: the descriptor, and seconds, "busy" or the errno."""
    fd = area.scratch.open(f"lock-{kind}", os.O_RDWR)
    before = time.perf_counter()
    try:
        _KINDS[kind](fd)
    except OSError as error:
        return fd, "busy" if error.errno in _BUSY else f"errno {error.errno}"
    return fd, f"{time.perf_counter() - before:.6f}"


def _attempts(area: Area) -> dict[str, tuple[int, str]]:
    return {kind: _attempt(area, kind) for kind in _KINDS}


def _second(area: Area) -> dict[str, str]:
    """What another process gets."""
    told = in_helper(lambda: _lines(_attempts(area)), area.seconds / 2)
    return dict(line.split("=") for line in told.splitlines())


def _lines(attempts: dict[str, tuple[int, str]]) -> str:
    return "\n".join(f"{kind}={result}" for kind, (_, result) in attempts.items())


def _contest(area: Area) -> str:
    """In a first process: take each lock, have another try it, release it, have another try it."""
    first = _attempts(area)
    while_held = _second(area)
    for fd, _ in first.values():
        os.close(fd)
    released = _second(area)
    return "\n".join(
        f"{kind}={result},{while_held[kind]},{released[kind]}"
        for kind, (_, result) in first.items()
    )


def _contested(area: Area) -> dict[str, list[str]]:
    """For each kind what the first process got, the second, and the second after the release."""
    with setting_up():
        for kind in _KINDS:
            area.scratch.write(f"lock-{kind}", b"")
    told = in_helper(lambda: _contest(area), area.seconds)
    return {kind: said.split(",") for kind, said in (line.split("=") for line in told.splitlines())}


def _excludes(area: Area, kind: str) -> Answer:
    first, while_held, released = area.once("locks", lambda: _contested(area))[kind]
    if first.startswith("errno"):
        code = int(first.partition(" ")[2])
        raise OSError(code, f"{kind} lock: {os.strerror(code)}")
    if while_held != "busy":
        raise No("a second process got the lock while the first held it")
    if released == "busy":
        raise No("a second process did not get the lock after the first had let go")
    return Answer(value=float(first))


@probe("Does flock(2) exclude a second process?", no=_REFUSED)
def flock(area: Area) -> Answer:
    """As bbolt takes it on each of dockerd's databases; the value is the call's seconds.

    (etcd-io/bbolt bolt_unix.go:flock)
    """
    return _excludes(area, "flock")


@probe("Does fcntl(2) F_SETLK exclude a second process?", no=_REFUSED)
def posix(area: Area) -> Answer:
    """As SQLite and containers/storage take it; the value is the call's seconds."""
    return _excludes(area, "posix")


@probe("Does fcntl(2) F_OFD_SETLK exclude a second process?", no=_REFUSED)
def ofd(area: Area) -> Answer:
    """As etcd's write-ahead log takes it (swarm); the value is the call's seconds."""
    return _excludes(area, "ofd")
