"""Loop devices (loop(4)) that free themselves: at the last close, be it by SIGKILL."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import time

from . import calls
from .libc import naming

# linux/loop.h; these numbers are the same on every architecture
_CONFIGURE = 0x4C0A
_GET_STATUS64 = 0x4C05
_CTL_REMOVE = 0x4C81
_CTL_GET_FREE = 0x4C82
_READ_ONLY = 1
_AUTOCLEAR = 4
_DIRECT_IO = 16
# struct loop_info64: five __u64, four __u32 of which the last is lo_flags, then names and keys
_INFO = struct.Struct("=5Q4I176x")
# struct loop_config: fd, block_size, struct loop_info64, eight reserved __u64
_CONFIG = struct.Struct("=2I40x12xI176x64x")

_CONTROL = "/dev/loop-control"
_TRIES = 16
_PAUSE = 0.001


class NoLoopError(Exception):
    """There are no loop devices to be had here; the text says why."""


class Loop:
    """A loop device on an open file. Close it, or use it in a ``with``."""

    def __init__(self, fd: int, number: int, *, made: bool) -> None:
        self.fd = fd
        self.path = f"/dev/loop{number}"
        self._number = number
        self._made = made
        self.read_only = False
        self._backing = ""

    def bind(self, fd: int, flags: int) -> None:
        """Put it on an open file."""
        _configure(self.fd, fd, flags)
        self.read_only = bool(flags & _READ_ONLY)
        self._backing = _backing(self._number)

    def __enter__(self) -> Loop:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the device."""
        self.close()

    @property
    def direct(self) -> bool:
        """Whether the kernel bypasses the page cache of the file (LO_FLAGS_DIRECT_IO)."""
        with naming("LOOP_GET_STATUS64"):
            status = fcntl.ioctl(self.fd, _GET_STATUS64, bytes(_INFO.size))
        return bool(_INFO.unpack(status)[8] & _DIRECT_IO)

    def close(self, seconds: float = 1.0) -> None:
        """Close the device, and wait a little until the file is let go of.

        The kernel frees it at the last close, and another (udev) may have it open for a moment.
        """
        calls.close(self.fd)
        until = time.monotonic() + seconds
        while self._backing and _backing(self._number) == self._backing:
            if time.monotonic() > until:
                return
            time.sleep(_PAUSE)
        if self._made:
            _remove(self._number)


def attach(fd: int, *, read_only: bool = False, direct: bool = False) -> Loop:
    """Put a loop device on an open file, by LOOP_CONFIGURE with autoclear (Linux 5.8).

    One call binds the device and marks it, so that there is no moment in which a SIGKILL could
    leave it behind; older kernels take two, and are refused. No module is loaded. ``direct`` is a
    wish: see Loop.direct. Raises NoLoopError where none can be had; PermissionError if none may be
    opened; OSError if the kernel takes no such file.
    """
    flags = _AUTOCLEAR | (_READ_ONLY if read_only else 0) | (_DIRECT_IO if direct else 0)
    access = os.O_RDONLY if read_only else os.O_RDWR
    _refuse_without_driver()
    before = _numbers()
    for _ in range(_TRIES):
        number = _free()
        device = _opened(f"/dev/loop{number}", access)
        loop = Loop(device, number, made=bool(before) and number not in before)
        try:
            _keep_udev_away(device)
            _refuse_unknown(device, flags)
            loop.bind(fd, flags)
        except BaseException as error:
            loop.close()
            if isinstance(error, OSError) and error.errno in (errno.EBUSY, errno.EWOULDBLOCK):
                continue  # another was quicker
            raise
        return loop
    raise NoLoopError("others took each free loop device first")


def _refuse_without_driver() -> None:
    try:
        with open("/proc/misc", encoding="ascii") as table:
            loaded = any(line.split()[-1:] == ["loop-control"] for line in table)
    except OSError as error:
        raise NoLoopError(f"/proc/misc: {error.strerror}") from None
    if not loaded:
        raise NoLoopError("the loop driver is not loaded (modprobe loop)")


def _refuse_unknown(device: int, flags: int) -> None:
    """Ask with a bad descriptor, of which the kernel complains first if it knows the request."""
    try:
        fcntl.ioctl(device, _CONFIGURE, _CONFIG.pack(0xFFFFFFFF, 0, flags))
    except OSError as error:
        if error.errno == errno.EBUSY:
            raise
        if error.errno != errno.EBADF:
            why = f"LOOP_CONFIGURE: {error.strerror} (before Linux 5.8 it is not known)"
            raise NoLoopError(why) from None


def _configure(device: int, fd: int, flags: int) -> None:
    with naming("LOOP_CONFIGURE"):
        fcntl.ioctl(device, _CONFIGURE, _CONFIG.pack(fd, 0, flags))


def _keep_udev_away(device: int) -> None:
    """Hold the lock that asks others not to look (systemd.io/BLOCK_DEVICE_LOCKING)."""
    try:
        fcntl.flock(device, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError as error:
        raise NoLoopError(f"flock: {error.strerror}") from None


def _free() -> int:
    """The number of a free device; the kernel makes one if none is."""
    control = _opened(_CONTROL, os.O_RDWR)
    try:
        return fcntl.ioctl(control, _CTL_GET_FREE)
    except OSError as error:
        raise NoLoopError(f"LOOP_CTL_GET_FREE: {error.strerror}") from None
    finally:
        calls.close(control)


def _remove(number: int) -> None:
    """Take away a device that was made for us, unless another has taken it meanwhile (EBUSY)."""
    try:
        control = _opened(_CONTROL, os.O_RDWR)
    except (NoLoopError, OSError):
        return
    try:
        fcntl.ioctl(control, _CTL_REMOVE, number)
    except OSError:
        return
    finally:
        calls.close(control)


def _opened(path: str, access: int) -> int:
    try:
        with naming(f"open {path}"):
            return os.open(path, access | os.O_CLOEXEC)
    except PermissionError:
        raise
    except OSError as error:
        raise NoLoopError(str(error.strerror)) from None


def _numbers() -> frozenset[int]:
    """The loop devices that there are; empty where sysfs does not tell."""
    try:
        names = os.listdir("/sys/block")
    except OSError:
        return frozenset()
    found = (name[4:] for name in names if name.startswith("loop"))
    return frozenset(int(number) for number in found if number.isdigit())


def _backing(number: int) -> str:
    """The path of the file below a device, empty if there is none."""
    return _read(f"/sys/block/loop{number}/loop/backing_file")


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""
