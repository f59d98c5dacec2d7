"""Whether data can be forced to stable storage, and how long that takes."""

from __future__ import annotations

import os
import time
from errno import EINVAL, ENOSYS, ENOTSUP

from .._linux import calls
from .._linux.libc import naming
from . import Answer, probe
from ._area import PAGE, setting_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ._area import Area

_REFUSED = (EINVAL, ENOTSUP, ENOSYS)
_TIMES = 3


def _median(name: str, work: Callable[[], None], sync: Callable[[int], None], fd: int) -> Answer:
    """The median seconds of a few syncs, each after some work to be synced."""
    taken = []
    for _ in range(_TIMES):
        work()
        before = time.perf_counter()
        with naming(name):
            sync(fd)
        taken.append(time.perf_counter() - before)
    return Answer(value=round(sorted(taken)[_TIMES // 2], 6))


def _file(area: Area, name: str, sync: Callable[[int], None]) -> Answer:
    with setting_up():
        fd = area.scratch.open(area.page, os.O_WRONLY)
    try:
        return _median(name, lambda: _overwrite(fd), sync, fd)
    finally:
        calls.close(fd)


def _overwrite(fd: int) -> None:
    with setting_up():
        calls.pwrite(fd, bytes(PAGE), 0)


@probe("Can a file be synced (fsync)?", no=_REFUSED)
def fsync(area: Area) -> Answer:
    """fsync(2) after a write of 4 KiB; the value is the median seconds of three."""
    return _file(area, "fsync", os.fsync)


@probe("Can a file's data be synced (fdatasync)?", no=_REFUSED)
def fdatasync(area: Area) -> Answer:
    """fdatasync(2), with which bbolt ends each transaction; median seconds of three."""
    return _file(area, "fdatasync", os.fdatasync)


@probe("Can a directory be synced?", no=_REFUSED)
def directory(area: Area) -> Answer:
    """fsync(2) of a directory, with which a content store makes a rename last; median seconds."""
    with setting_up():
        synced = area.scratch.mkdir("synced")
    with synced:
        names = iter(range(_TIMES))
        return _median("fsync", lambda: synced.write(str(next(names)), b""), os.fsync, synced.fd)
