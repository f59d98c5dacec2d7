"""A directory held open, and the calls that work relative to it.

No call follows a symbolic link in the last component, and none takes a path, so that nobody who
can write above the directory can lead us elsewhere.
"""

from __future__ import annotations

import errno
import os
import stat
import struct

from . import calls, libc, listing, mountinfo
from .libc import naming

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Union

    from .listing import Entry

    Name = Union[str, bytes]

NOREPLACE = 1
EXCHANGE = 2
WHITEOUT = 4

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
# linux/openat2.h: struct open_how with RESOLVE_NO_XDEV, and with RESOLVE_BENEATH
_ON_THIS_MOUNT = struct.pack("=3Q", _DIRECTORY, 0, 1)
_BENEATH = struct.pack("=3Q", _READING, 0, 8)
_UNKNOWN_CALL = (errno.ENOSYS, errno.EPERM)
"""What openat2(2) is before Linux 5.6, and where an old container's filter does not know it."""
_TRIES = 100
"""How often openat2(2) is tried that is EAGAIN: as it says where anything on the machine was
renamed or mounted meanwhile, so that it could not be sure of a ``..``."""
_DEEPEST = 24
"""Levels that clear() goes down, each with a descriptor open; no probe makes half as many."""


class _Open:
    """A descriptor that is closed at the end of a ``with``, in which an error is the file's."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def __enter__(self) -> int:
        return self._fd

    def __exit__(self, *_: object) -> None:
        calls.close(self._fd)


class Directory:
    """A directory by its descriptor. Close it, or use it in a ``with``."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __enter__(self) -> Directory:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the descriptor."""
        self.close()

    def close(self) -> None:
        """Close the descriptor."""
        calls.close(self.fd)

    def path(self, name: Name) -> bytes:
        """A path to an entry for the calls that take no descriptor (bind, mount)."""
        return b"/proc/self/fd/%d/%s" % (self.fd, os.fsencode(name))

    def open(self, name: Name, flags: int = os.O_RDONLY, mode: int = 0o600) -> int:
        """openat(2), never through a symbolic link, never blocking on a FIFO, and no device."""
        flags |= os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        return _no_device(calls.open(name, flags, mode, dir_fd=self.fd))

    def device(self, name: Name, number: int) -> _Open:
        """Open a character device to be written to; EIO if it is not the one of that number."""
        with _Open(calls.open(name, os.O_PATH | _READING, dir_fd=self.fd)) as seen:
            status = calls.fstat(seen)
            if not (stat.S_ISCHR(status.st_mode) and status.st_rdev == number):
                raise OSError(errno.EIO, "open: another device than was made")
            writing = os.O_WRONLY | os.O_CLOEXEC | os.O_NONBLOCK
            return _Open(calls.open(f"/proc/self/fd/{seen}", writing))

    def directory(self, name: Name) -> Directory:
        """Open a directory in this one."""
        return Directory(calls.open(name, _DIRECTORY, dir_fd=self.fd))

    def same_mount(self, name: Name) -> Directory:
        """Open a directory in this one; EXDEV, and nothing is asked of it, if it is a mount point.

        (openat2(2), since Linux 5.6; before that, the directory is opened and its mount compared)
        """
        try:
            return Directory(self._openat2(name, _ON_THIS_MOUNT))
        except OSError as error:
            if error.errno not in _UNKNOWN_CALL:
                raise
        opened = self.directory(name)
        if mountinfo.id_of(opened.fd) != mountinfo.id_of(self.fd):
            opened.close()
            raise OSError(errno.EXDEV, f"open: {os.strerror(errno.EXDEV)}")
        return opened

    def make(self, name: Name, mode: int = 0o700) -> None:
        """mkdirat(2)."""
        with naming("mkdir"):
            os.mkdir(name, mode, dir_fd=self.fd)

    def mkdir(self, name: Name, mode: int = 0o700) -> Directory:
        """Make a directory in this one and open it."""
        self.make(name, mode)
        return self.directory(name)

    def write(self, name: Name, data: bytes, mode: int = 0o600) -> None:
        """Create a file, which must not be there yet, with this content."""
        with self.file(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode) as fd:
            write_all(fd, data)

    def append(self, name: Name, data: bytes) -> None:
        """Append to a file that exists."""
        with self.file(name, os.O_WRONLY | os.O_APPEND) as fd:
            write_all(fd, data)

    def read(self, name: Name) -> bytes:
        """The first 64 KiB of a file."""
        with self.file(name) as fd:
            return read_all(fd, 65536)

    def beneath(self, path: Name) -> _Open:
        """Open a file by a path of several names, to be read; EXDEV if a link leads out of here.

        (openat2(2); before Linux 5.6 to other than a regular file of this mount, which is looked at
        before it is opened)
        """
        try:
            fd = self._openat2(path, _BENEATH)
        except OSError as error:
            if error.errno not in _UNKNOWN_CALL:
                raise
            return _Open(self._on_this_mount(path))
        return _Open(_no_device(fd))

    def _on_this_mount(self, path: Name) -> int:
        seen = calls.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self.fd)
        try:
            here = mountinfo.id_of(seen) == mountinfo.id_of(self.fd)
            if not (here and stat.S_ISREG(calls.fstat(seen).st_mode)):
                raise OSError(errno.EXDEV, f"open: {os.strerror(errno.EXDEV)}")
            return calls.open(f"/proc/self/fd/{seen}", _READING & ~os.O_NOFOLLOW)
        finally:
            calls.close(seen)

    def _openat2(self, path: Name, how: bytes) -> int:
        for _ in range(_TRIES):
            try:
                return libc.syscall("openat2", self.fd, os.fsencode(path), how, len(how))
            except BlockingIOError as again:
                failure = again
        raise failure

    def file(self, name: Name, flags: int = os.O_RDONLY, mode: int = 0o600) -> _Open:
        """Open a file for the length of a ``with``."""
        return _Open(self.open(name, flags, mode))

    def stat(self, name: Name) -> os.stat_result:
        """lstat(2)."""
        with naming("lstat"):
            return os.stat(name, dir_fd=self.fd, follow_symlinks=False)

    def exists(self, name: Name) -> bool:
        """Whether lstat(2) finds the name."""
        try:
            self.stat(name)
        except FileNotFoundError:
            return False
        return True

    def unlink(self, name: Name) -> None:
        """unlinkat(2)."""
        with naming("unlink"):
            os.unlink(name, dir_fd=self.fd)

    def rmdir(self, name: Name) -> None:
        """unlinkat(2) with AT_REMOVEDIR."""
        with naming("rmdir"):
            os.rmdir(name, dir_fd=self.fd)

    def link(self, old: Name, new: Name) -> None:
        """linkat(2): a hard link, to the link itself where the old name is a symbolic one."""
        with naming("link"):
            os.link(old, new, src_dir_fd=self.fd, dst_dir_fd=self.fd, follow_symlinks=False)

    def symlink(self, target: Name, name: Name) -> None:
        """symlinkat(2)."""
        with naming("symlink"):
            # Encoded, because os.symlink wants both of one type.
            os.symlink(os.fsencode(target), os.fsencode(name), dir_fd=self.fd)

    def readlink(self, name: Name) -> bytes:
        """readlinkat(2)."""
        with naming("readlink"):
            return os.readlink(os.fsencode(name), dir_fd=self.fd)

    def rename(self, old: Name, new: Name, flags: int = 0) -> None:
        """renameat(2), or renameat2(2) where flags are given."""
        if not flags:
            with naming("rename"):
                os.rename(old, new, src_dir_fd=self.fd, dst_dir_fd=self.fd)
            return
        old, new = os.fsencode(old), os.fsencode(new)
        libc.syscall("renameat2", self.fd, old, self.fd, new, flags)

    def mknod(self, name: Name, mode: int, device: int = 0) -> None:
        """mknodat(2)."""
        with naming("mknod"):
            os.mknod(name, mode, device, dir_fd=self.fd)

    def mkfifo(self, name: Name) -> None:
        """mkfifoat(3)."""
        with naming("mkfifo"):
            os.mkfifo(name, 0o600, dir_fd=self.fd)

    def chown(self, name: Name, uid: int, gid: int) -> None:
        """fchownat(2) on the entry itself, be it a symbolic link."""
        with naming("lchown"):
            os.chown(name, uid, gid, dir_fd=self.fd, follow_symlinks=False)

    def chmod(self, name: Name, mode: int) -> None:
        """fchmod(2) of a regular file or directory."""
        with self.file(name) as fd, naming("chmod"):
            calls.fchmod(fd, mode)

    def utime(self, name: Name, nanoseconds: int) -> None:
        """utimensat(2) on the entry itself: both times, in nanoseconds since 1970."""
        with naming("utimensat"):
            times = (nanoseconds, nanoseconds)
            os.utime(name, ns=times, dir_fd=self.fd, follow_symlinks=False)

    def names(self) -> list[bytes]:
        """The names in it, without ``.`` and ``..``."""
        return [entry.name for entry in self.entries()]

    def entries(self, block: int = listing.BLOCK) -> Iterator[Entry]:
        """What is in it, without ``.`` and ``..``; see listing.entries()."""
        return listing.entries(self.fd, block)

    def clear(self, but: str = "", levels: int = _DEEPEST) -> None:
        """Remove all that is in it but that name, as far as possible; raises the last error.

        What another mount covers stays (EXDEV), and what lies deeper than so many levels (ELOOP).
        """
        failure: OSError | None = None
        for entry in list(self.entries()):
            if entry.name == os.fsencode(but):
                continue
            try:
                if entry.is_directory:
                    self._remove_directory(entry.name, levels)
                else:
                    self._remove(entry.name, levels)
            except OSError as error:
                failure = error
        if failure:
            raise failure

    def _remove(self, name: Name, levels: int) -> None:
        try:
            self.unlink(name)
        except (IsADirectoryError, PermissionError) as refused:
            # unlink(2) of a directory is EISDIR on Linux, EPERM by POSIX.
            try:
                self._remove_directory(name, levels)
            except NotADirectoryError:
                raise refused from None

    def _remove_directory(self, name: Name, levels: int) -> None:
        if not levels:
            raise OSError(errno.ELOOP, "a tree deeper than any that is made here")
        try:
            child = self.same_mount(name)
        except PermissionError:
            # overlay's work/work has mode 000, which stops whoever lacks CAP_DAC_OVERRIDE.
            self._unlock(name)
            child = self.same_mount(name)
        with child:
            failure = _failure_to_clear(child, levels - 1)
        try:
            # Where even the listing fails (fuse-overlayfs, after a whiteout), it may still go.
            self.rmdir(name)
        except OSError as error:
            raise failure or error from None

    def _unlock(self, name: Name) -> None:
        handle = calls.open(name, os.O_PATH | _DIRECTORY, dir_fd=self.fd)
        try:
            if mountinfo.id_of(handle) == mountinfo.id_of(self.fd):
                with naming("chmod"):
                    os.chmod(f"/proc/self/fd/{handle}", 0o700)
        finally:
            calls.close(handle)


def _no_device(fd: int) -> int:
    """What was opened, unless a server says that what was a file is a device of this machine."""
    try:
        kind = stat.S_IFMT(calls.fstat(fd).st_mode)
        if kind in (stat.S_IFCHR, stat.S_IFBLK):
            raise OSError(errno.EIO, "open: a device in the place of a file")
    except OSError:
        calls.close(fd)
        raise
    return fd


def _failure_to_clear(directory: Directory, levels: int) -> OSError | None:
    try:
        directory.clear(levels=levels)
    except OSError as error:
        return error
    return None


def write_all(fd: int, data: bytes) -> None:
    """Write all of the data, however little each write(2) takes."""
    while data:
        data = data[calls.write(fd, data) :]


def read_all(fd: int, limit: int) -> bytes:
    """Read to the end or the limit, however little each read(2) gives."""
    data = b""
    while len(data) < limit:
        block = calls.read(fd, limit - len(data))
        if not block:
            break
        data += block
    return data


def read_line(fd: int, limit: int) -> bytes:
    """Read to the end of the first line or the limit, and not on: others may keep a pipe open."""
    data = b""
    while len(data) < limit and not data.endswith(b"\n"):
        block = calls.read(fd, limit - len(data))
        if not block:
            break
        data += block
    return data
