"""Two more processes, for what one alone cannot find out: who else sees it, who else may lock."""

from __future__ import annotations

import fcntl
import os
import struct
import time
from errno import EACCES, EAGAIN

from .._linux import calls
from .._linux.libc import naming
from .._linux.processes import Helper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .._linux.directory import Directory
    from ._area import Area

_F_OFD_SETLK = 37
# struct flock of a whole file, with the padding that the C compiler adds
_FLOCK = struct.pack("hhqqi0q", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
BUSY = "busy"


def _flock(fd: int) -> None:
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _posix(fd: int) -> None:
    fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _ofd(fd: int) -> None:
    fcntl.fcntl(fd, _F_OFD_SETLK, _FLOCK)


_LOCKS: dict[str, Callable[[int], object]] = {"flock": _flock, "posix": _posix, "ofd": _ofd}
_HELD = (EAGAIN, EACCES)
"""The errnos of a lock that another holds: flock(2) and fcntl(2), and SMB servers for both."""


class Other:
    """Another process at work in the scratch directory. What blocks it does not block us."""

    def __init__(self, scratch: Directory, seconds: float) -> None:
        self._helper = Helper(_Servant(scratch).answer)
        self._seconds = seconds

    def read(self, path: str) -> str:
        """What this process reads from a file, by a path below the scratch directory."""
        return self._helper.ask(f"read {path}", self._seconds)

    def lock(self, kind: str, path: str) -> str:
        """The seconds that taking a lock took, or BUSY and how; it is held until release()."""
        return self._helper.ask(f"{kind} {path}", self._seconds)

    def release(self) -> None:
        """Let go of the lock by closing the file."""
        self._helper.ask("release ", self._seconds)


class _Servant:
    """The other process's side."""

    def __init__(self, scratch: Directory) -> None:
        self._scratch = scratch
        self._held = -1

    def answer(self, question: str) -> str:
        what, _, path = question.partition(" ")
        if what == "read":
            return self._scratch.read(path).decode(errors="replace")
        if what == "release":
            calls.close(self._held)
            return ""
        return self._lock(what, path)

    def _lock(self, kind: str, path: str) -> str:
        fd = self._scratch.open(path, os.O_RDWR)
        before = time.perf_counter()
        try:
            with naming(f"{kind} lock"):
                _LOCKS[kind](fd)
        except OSError as error:
            calls.close(fd)
            if error.errno in _HELD:
                return f"{BUSY} ({error.strerror})"
            raise
        self._held = fd
        return f"{time.perf_counter() - before:.6f}"


def other(area: Area, name: str = "first") -> Other:
    """The other process of that name, started when first wanted."""
    return area.once(f"process {name}", lambda: Other(area.scratch, area.seconds))
