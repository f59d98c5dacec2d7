"""The scratch directory: made unpredictably, removed whatever happens, swept if that failed."""

from __future__ import annotations

import errno
import itertools
import os
import stat

from .._linux import system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._linux.directory import Directory

_PREFIX = ".fscaps"
_RANDOM = 8  # bytes
_HEX = frozenset("0123456789abcdef")
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_AGE = 3600.0
"""Seconds after which a scratch directory of another boot, host or container is abandoned."""
_LOOK_AT = 10_000
"""Entries of the probed directory among which leftovers are looked for."""


def new_name() -> str:
    """A name nobody can guess, which says whose it is: boot, pid namespace, process, its start."""
    pid = os.getpid()
    owner = f"{system.boot_id()}-{system.pid_namespace()}-{pid}-{system.process_start(pid)}"
    return f"{_PREFIX}-{owner}-{os.urandom(_RANDOM).hex()}"


def is_name(name: str) -> bool:
    """Whether new_name() could have made it: nothing else may ever be removed."""
    return bool(_owner(name))


def _owner(name: str) -> list[str]:
    """Boot, pid namespace, process and its start, of a name of ours; empty for any other."""
    prefix, *owner = name.split("-")
    if prefix != _PREFIX or len(owner) != 5:  # noqa: PLR2004 - the four, and the random part
        return []
    boot, *numbers, random = owner
    is_ours = (
        _HEX.issuperset(boot + random)
        and boot != ""
        and len(random) == 2 * _RANDOM
        and all(number.isascii() and number.isdigit() for number in numbers)
    )
    return [boot, *numbers] if is_ours else []


def make(target: Directory, name: str) -> Directory:
    """Make, open and mark it.

    Raises OSError, and leaves nothing; EPERM also if somebody put another directory in its place.
    """
    target.make(name)
    try:
        return _opened(target, name)
    except OSError:
        _remove_empty(target, name)
        raise


def _opened(target: Directory, name: str) -> Directory:
    scratch = target.directory(name)
    try:
        # A new one is empty; root's own, moved here by who may not look into it, would not be.
        if scratch.names() or not _is_ours(scratch, name):
            raise OSError(errno.EPERM, "mkdir: another directory was put in its place")
    except OSError:
        scratch.close()
        raise
    return scratch


def _is_ours(scratch: Directory, name: str) -> bool:
    """Whether it is closed to others, and ours: where a server squashes us, whose our files are."""
    directory = os.fstat(scratch.fd)
    if directory.st_mode & _OTHERS_WRITE and not _modes_are_forced(scratch):
        return False
    try:
        ours = _mark(scratch, name) == directory.st_uid
    except OSError:  # no room for a file
        return directory.st_uid == os.geteuid()
    if not ours:
        scratch.unlink(name)
    return ours


def _modes_are_forced(scratch: Directory) -> bool:
    """Whether the file system opens even a directory to others that was made with mode 0700."""
    try:
        with scratch.mkdir("mode") as made:
            return bool(os.fstat(made.fd).st_mode & _OTHERS_WRITE)
    finally:
        scratch.rmdir("mode")


def _mark(scratch: Directory, name: str) -> int:
    """Leave a file of the same name in it, by which a sweep knows it; the file's owner.

    Without that, who owns the probed directory could have any directory of ours swept, by
    renaming it.
    """
    fd = scratch.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        return os.fstat(fd).st_uid
    finally:
        os.close(fd)


def remove(target: Directory, name: str, scratch: Directory) -> None:
    """Empty and remove it; raises OSError if something is left."""
    try:
        scratch.clear(but=name)
        _unmark(scratch, name)  # last, so that a sweep may end what is interrupted here
    finally:
        scratch.close()
    target.rmdir(name)


def _unmark(scratch: Directory, name: str) -> None:
    try:
        scratch.unlink(name)
    except FileNotFoundError:
        return


def _remove_empty(target: Directory, name: str) -> None:
    try:
        target.rmdir(name)
    except OSError:
        return


def remove_by_name(target: Directory, name: str) -> bool:
    """Empty and remove one that another process made; whether it was still there.

    Raises OSError if something is left, and EPERM if it is not empty and not marked.
    """
    if not is_name(name):
        raise OSError(errno.EINVAL, "not the name of a scratch directory")
    try:
        scratch = target.directory(name)
        if _is_marked(scratch, name):
            remove(target, name, scratch)
            return True
        scratch.close()
        target.rmdir(name)
    except FileNotFoundError:  # its maker, or another survey's sweep, was quicker
        return False
    except OSError as error:
        if error.errno != errno.ENOTEMPTY:
            raise
        raise OSError(errno.EPERM, f"{name} is not marked as ours, and left alone") from None
    return True


def _is_marked(scratch: Directory, name: str) -> bool:
    try:
        return stat.S_ISREG(scratch.stat(name).st_mode)
    except OSError:
        return False


def leftovers(target: Directory, now: float) -> list[str]:
    """Scratch directories whose run is over; ``now`` is the file system's own time."""
    found = []
    for entry in itertools.islice(target.entries(), _LOOK_AT):
        name = os.fsdecode(entry.name)
        if _is_abandoned(target, name, now):
            found.append(name)
    return found


def _is_abandoned(target: Directory, name: str, now: float) -> bool:
    owner = _owner(name)
    if not owner:
        return False
    try:
        status = target.stat(name)
    except OSError:
        return False
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        return False
    boot, namespace, pid, start = owner
    if (boot, namespace) != (system.boot_id(), system.pid_namespace()):
        return now - status.st_mtime > _AGE
    return system.process_start(pid) != start
