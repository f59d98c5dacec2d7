"""More processes: for what one alone cannot find out, and for what may block or end who asks."""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import time
from contextlib import suppress
from errno import EACCES, EAGAIN

from .._linux import calls
from .._linux.libc import naming
from .._linux.processes import Helper, HelperDiedError, HelperTimeoutError, leave_no_core
from ._area import PAGE

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

ONE_WAY = "what was written to the mapping is not what pread returns"
"""Said of a mapping that shows at least what is written beside it."""


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

    def hold(self, path: str) -> None:
        """Open a file for map()."""
        self._helper.ask(f"hold {path}", self._seconds)

    def map(self) -> None:
        """Map PAGE bytes of it into its memory, shared; until use_map()."""
        self._helper.ask("map ", self._seconds)

    def use_map(self) -> str:
        """Write to the mapping and to the file; what is not seen in the other, or nothing."""
        return self._helper.ask("use_map ", self._seconds)

    def begin_to_replace(self, path: str, times: int) -> None:
        """Rename ``<path>.0`` over the file, then ``<path>.1``, …, while we do something else."""
        self._helper.send(f"replace {times} {path}")

    def has_replaced(self) -> bool:
        """Whether that is over; replaced() tells how it went."""
        return self._helper.has_answered()

    def replaced(self) -> None:
        """Wait until that is over; raises the OSError that ended it."""
        self._helper.receive(self._seconds)

    @property
    def is_stuck(self) -> bool:
        """Whether a call of its never returned."""
        return isinstance(self._helper.lost, HelperTimeoutError)

    @property
    def is_dead(self) -> bool:
        """Whether it has ended by itself."""
        return isinstance(self._helper.lost, HelperDiedError)

    def leave(self) -> None:
        """Let it end, while there is somebody to reap it."""
        with suppress(OSError):
            self._helper.dismiss()


class _Servant:
    """The other process's side."""

    def __init__(self, scratch: Directory) -> None:
        self._scratch = scratch
        self._held = -1

    def answer(self, question: str) -> str:
        what, _, path = question.partition(" ")
        if what in _LOCKS:
            return self._lock(what, path)
        does: Callable[[str], str] = getattr(self, f"_{what}")
        return does(path)

    def _read(self, path: str) -> str:
        return self._scratch.read(path).decode(errors="replace")

    def _release(self, _: str) -> str:
        calls.close(self._held)
        return ""

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

    def _hold(self, path: str) -> str:
        leave_no_core()  # a page that cannot be read is a SIGBUS
        self._held = self._scratch.open(path, os.O_RDWR)
        return ""

    def _map(self, _: str) -> str:
        with naming("mmap"):
            self._memory = mmap.mmap(self._held, PAGE)
        return ""

    def _use_map(self, _: str) -> str:
        try:
            with self._memory as memory:
                calls.pwrite(self._held, b"file", 100)
                if memory[100:104] != b"file":
                    return "what was written by pwrite is not in the mapping"
                memory[0:6] = b"memory"
                if calls.pread(self._held, 6, 0) != b"memory":
                    return ONE_WAY
        finally:
            calls.close(self._held)
        return ""

    def _replace(self, what: str) -> str:
        times, _, path = what.partition(" ")
        for number in range(int(times)):
            self._scratch.rename(f"{path}.{number}", path)
        return ""


def other(area: Area, name: str = "first") -> Other:
    """The other process of that name, started when first wanted, and again if it has died."""
    key = f"process {name}"
    made = area.made.get(key)
    if isinstance(made, Other) and made.is_dead:
        del area.made[key]
    return area.once(key, lambda: _started(area))


def another(area: Area) -> Other:
    """One that can be asked: not one that waits for ever for a lock."""
    first = other(area)
    return other(area, "third") if first.is_stuck else first


def _started(area: Area) -> Other:
    process = Other(area.scratch, area.seconds)
    area.endings.append(process.leave)
    return process
