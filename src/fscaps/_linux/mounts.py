"""Mounting without anybody seeing it: detached, or in a mount namespace of our own."""

from __future__ import annotations

import errno
import functools
import os

from . import calls, libc
from .libc import naming

# linux/mount.h
_FSOPEN_CLOEXEC = 1
_FSCONFIG_SET_FLAG = 0
_FSCONFIG_SET_STRING = 1
_FSCONFIG_CMD_CREATE = 6
_FSMOUNT_CLOEXEC = 1
_MS_REC = 0x4000
_MS_SLAVE = 1 << 19
_MNT_DETACH = 2
# linux/sched.h
_CLONE_NEWNS = 0x00020000
_CLONE_NEWUSER = 0x10000000
# linux/prctl.h
_PR_SET_DUMPABLE = 4

_VALUE_LIMIT = 255
"""fsconfig(2) takes no longer string."""


class MountError(OSError):
    """A mount that failed; ``log`` is what the kernel's file-system context had to say, if any."""

    def __init__(self, code: int, text: str, log: str) -> None:
        super().__init__(code, text)
        self.log = log


class NamespaceError(Exception):
    """The kernel or a security module allows this process no namespace; ``errno`` if it said so."""

    def __init__(self, text: str, errno: int | None = None) -> None:
        super().__init__(text)
        self.errno = errno


def detached(fstype: str, options: dict[str, str | None]) -> int:
    """Mount a new file system attached nowhere, and return a descriptor of its root.

    It is in no mount table, works under Landlock, and is gone when the descriptor is closed,
    be it by SIGKILL (fsmount(2), Linux 5.2). Option values of None are flags. Raises MountError;
    ENOSYS where the kernel lacks these calls, ENODEV where it lacks the file system.
    """
    try:
        context = libc.syscall("fsopen", fstype.encode() + b"\0", _FSOPEN_CLOEXEC)
    except OSError as error:
        raise MountError(error.errno or errno.EIO, str(error.strerror), "") from None
    try:
        for key, value in options.items():
            _configure(context, key, value)
        libc.syscall("fsconfig", context, _FSCONFIG_CMD_CREATE, None, None, 0)
        return _root(libc.syscall("fsmount", context, _FSMOUNT_CLOEXEC, 0))
    except OSError as error:
        code = error.errno or errno.EIO
        raise MountError(code, str(error.strerror), _log(context)) from None
    finally:
        calls.close(context)


@functools.lru_cache(maxsize=None)
def can_detach() -> bool:
    """Whether this kernel has fsopen(2) and this process may call it."""
    try:
        calls.close(libc.syscall("fsopen", b"tmpfs\0", _FSOPEN_CLOEXEC))
    except OSError:
        return False
    return True


def _root(mount: int) -> int:
    """A descriptor that can be read, for fsmount(2)'s cannot; it keeps the mount alive alone."""
    try:
        return calls.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=mount)
    finally:
        calls.close(mount)


def _configure(context: int, key: str, value: str | None) -> None:
    name = key.encode() + b"\0"
    if value is None:
        libc.syscall("fsconfig", context, _FSCONFIG_SET_FLAG, name, None, 0)
        return
    data = os.fsencode(value)
    if len(data) > _VALUE_LIMIT:
        raise OSError(errno.ENAMETOOLONG, f"fsconfig {key}: over {_VALUE_LIMIT} bytes")
    libc.syscall("fsconfig", context, _FSCONFIG_SET_STRING, name, data + b"\0", 0)


def _log(context: int) -> str:
    """The messages waiting in a file-system context, without their severity letter."""
    messages: list[str] = []
    while len(messages) < 16:  # noqa: PLR2004 - the kernel keeps eight
        try:
            messages.append(calls.read(context, 1024).decode(errors="replace"))
        except OSError:
            break
    return "; ".join(message[2:].strip() for message in messages)


def attached(
    fstype: str, point: bytes, options: dict[str, str | None], source: str | None = None
) -> None:
    """mount(2) on a directory, in a mount namespace of our own only; raises MountError."""
    data = ",".join(key if value is None else f"{key}={value}" for key, value in options.items())
    device = (source or fstype).encode()
    try:
        libc.call("mount", device, point, fstype.encode(), 0, os.fsencode(data))
    except OSError as error:
        raise MountError(error.errno or errno.EIO, str(error.strerror), "") from None


def unmount(point: bytes) -> None:
    """umount2(2), which returns when nothing of the file system is left in use."""
    libc.call("umount2", point, 0)


def detach(point: bytes) -> None:
    """umount2(2) with MNT_DETACH."""
    libc.call("umount2", point, _MNT_DETACH)


def private_namespace() -> None:
    """Give this process a mount namespace whose mounts nobody else sees.

    Slave, not private: a file system that the host unmounts must not stay busy through us;
    and never shared, or what we mount would appear on the host and outlive us.
    """
    libc.call("unshare", _CLONE_NEWNS)
    _be_slave()


def user_namespace() -> None:
    """Give this process a user namespace, in which it is root, and a mount namespace in it.

    Raises NamespaceError where that is not allowed.
    """
    uid, gid = os.geteuid(), os.getegid()
    try:
        libc.call("unshare", _CLONE_NEWUSER | _CLONE_NEWNS)
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"0 {uid} 1")
        _write("/proc/self/gid_map", f"0 {gid} 1")
        _be_slave()
    except OSError as error:
        raise NamespaceError(str(error.strerror), error.errno) from None


def leave_user_namespace() -> None:
    """Give this process a user and a mount namespace without any ids; another must map them.

    Raises NamespaceError where that is not allowed.
    """
    try:
        libc.call("prctl", _PR_SET_DUMPABLE, 1, 0, 0, 0)  # or its maps are root's to write
        libc.call("unshare", _CLONE_NEWUSER | _CLONE_NEWNS)
    except OSError as error:
        raise NamespaceError(str(error.strerror), error.errno) from None


def become_root() -> None:
    """Be root in the user namespace that was just mapped, with nothing mounted that others see."""
    with naming("setgroups"):
        os.setgroups([])
    with naming("setresgid"):
        os.setresgid(0, 0, 0)
    with naming("setresuid"):
        os.setresuid(0, 0, 0)
    _be_slave()


def _be_slave() -> None:
    try:
        libc.call("mount", b"none", b"/", None, _MS_REC | _MS_SLAVE, None)
    except OSError as error:
        if error.errno == errno.EINVAL:  # fs/namespace.c:do_change_type
            why = "mount: / is no mount point: this process is in a chroot"
            raise OSError(errno.EINVAL, why) from None
        raise


def _write(path: str, text: str) -> None:
    with naming(f"write {path}"):
        fd = calls.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            calls.write(fd, text.encode())
        finally:
            calls.close(fd)
