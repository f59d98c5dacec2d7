"""The scratch directory: made unpredictably, removed whatever happens, swept if that failed."""

from __future__ import annotations

import errno
import itertools
import os
import stat
from contextlib import suppress

from .._linux import calls, system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._linux.directory import Directory

    Identity = tuple[int, ...]

_PREFIX = ".fscaps"
_RANDOM = 8  # bytes
_HEX = frozenset("0123456789abcdef")
_PID = 9  # digits, at most (proc_sys_kernel(5): pid_max)
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_PASSING = stat.S_IXGRP | stat.S_IXOTH
"""What the mode of a scratch directory may have more while mode.others is asked."""
_AGE = 3600.0
"""Seconds after which a scratch directory of another boot, host or container is abandoned."""
_LOOK_AT = 10_000
"""Entries of the probed directory among which leftovers are looked for."""
_SWEEP = 100
"""Leftovers that one run sweeps."""
_NOT_OURS = (errno.ENOTDIR, errno.ELOOP, errno.EACCES, errno.EXDEV)
"""What opening a file, a link, another's directory or a mount point of that name comes to."""


def new_name() -> str:
    """A name nobody can guess, which says whose it is: boot, pid namespace, process, its start.

    Raises OSError where /proc cannot be read: without them it could be taken for a leftover.
    """
    process = f"{os.getpid()}-{system.process_start('self')}"
    owner = f"{system.boot_id()}-{system.pid_namespace()}-{process}"
    return f"{_PREFIX}-{owner}-{calls.urandom(_RANDOM).hex()}"


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
        and len(numbers[1]) <= _PID
    )
    return [boot, *numbers] if is_ours else []


def make(target: Directory, name: str) -> tuple[Directory, Identity]:
    """Make, open and mark it; it, and what tells it from others.

    Raises OSError, and leaves nothing; EPERM also if somebody put another directory in its place.
    """
    target.make(name)
    try:
        return _opened(target, name)
    except OSError:
        _remove_empty(target, name)
        raise


def _opened(target: Directory, name: str) -> tuple[Directory, Identity]:
    scratch = target.same_mount(name)
    try:
        # A new one is empty; root's own, moved here by who may not look into it, would not be.
        if next(scratch.entries(), None) or not _is_ours(scratch, name):
            raise OSError(errno.EPERM, "mkdir: another directory was put in its place")
        return scratch, _known(scratch, name)
    except OSError:
        scratch.close()
        raise


def _known(scratch: Directory, name: str) -> Identity:
    """What tells it from others, once its setgid bit is off; where that fails, the mark is, too."""
    try:
        _drop_setgid(scratch)
        return _identity(scratch)
    except OSError:
        with suppress(OSError):
            _unmark(scratch, name)
        raise


def _is_ours(scratch: Directory, name: str) -> bool:
    """Whether it is closed to others, and ours: where a server squashes us, whose our files are."""
    directory = calls.fstat(scratch.fd)
    if directory.st_mode & _OTHERS & ~_forced(scratch, directory.st_mode):
        return False
    try:
        ours = _mark(scratch, name) == directory.st_uid
    except OSError:  # no room for a file
        return directory.st_uid == os.geteuid()
    if not ours:
        scratch.unlink(name)
    return ours


def _drop_setgid(scratch: Directory) -> None:
    """Take off a setgid bit that it inherited, as engines do by giving their directories a mode.

    (moby pkg/idtools/idtools_unix.go:setPermissions; containers/storage pkg/idtools:mkdirAs)
    """
    mode = calls.fstat(scratch.fd).st_mode
    if mode & stat.S_ISGID:
        with suppress(OSError):
            os.fchmod(scratch.fd, stat.S_IMODE(mode) & ~stat.S_ISGID)


def _forced(scratch: Directory, mode: int) -> int:
    """What the file system lets others do even in a directory that was made with mode 0700."""
    if not mode & _OTHERS:
        return 0
    try:
        with scratch.mkdir("mode") as made:
            return calls.fstat(made.fd).st_mode
    finally:
        scratch.rmdir("mode")


def _mark(scratch: Directory, name: str) -> int:
    """Leave a file of the same name in it, by which a sweep knows it; the file's owner.

    Without that, who owns the probed directory could have any directory of ours swept, by
    renaming it.
    """
    fd = scratch.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        return calls.fstat(fd).st_uid
    finally:
        os.close(fd)


def _identity(scratch: Directory) -> Identity:
    """What tells it from any directory that somebody puts in its place: device, inode, owner.

    Not the first two alone: who owns the probed directory may remove it once it is empty, and get
    its inode for one of his own.
    """
    status = calls.fstat(scratch.fd)
    return status.st_dev, status.st_ino, status.st_uid


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


def remove_by_name(target: Directory, name: str, made: Identity) -> None:
    """Empty and remove one of that name and identity, if it is still there.

    Without an identity, which a process tells before it puts anything into the directory but the
    mark, only one that holds no more than that. Raises OSError if something is left, and EPERM if
    it is not the one that was made.
    """
    if not is_name(name):
        raise OSError(errno.EINVAL, "not the name of a scratch directory")
    try:
        scratch = target.same_mount(name)
    except FileNotFoundError:
        return
    if made != _identity(scratch) if made else not _is_new(scratch, name):
        scratch.close()
        raise OSError(errno.EPERM, "it is not the directory that was made, and left alone")
    _remove_or_find_gone(target, name, scratch)


def _remove_or_find_gone(target: Directory, name: str, scratch: Directory) -> bool:
    """Remove it; whether nobody was quicker: its maker, or another survey's sweep."""
    try:
        remove(target, name, scratch)
    except FileNotFoundError:
        return False
    return True


def _is_new(scratch: Directory, name: str) -> bool:
    """Whether there is nothing in it but a mark."""
    return all(entry.name == os.fsencode(name) for entry in scratch.entries())


def leftovers(target: Directory, now: float) -> list[str]:
    """What bears the name of a run that is over; ``now`` is the file system's own time."""
    return list(itertools.islice(_leftovers(target, now), _SWEEP))


def _leftovers(target: Directory, now: float) -> Iterator[str]:
    for entry in itertools.islice(target.entries(), _LOOK_AT):
        name = os.fsdecode(entry.name)
        if is_name(name) and _is_over(target, name, now):
            yield name


def _is_over(target: Directory, name: str, now: float) -> bool:
    boot, namespace, pid, start = _owner(name)
    try:
        if (boot, namespace) == (system.boot_id(), system.pid_namespace()):
            return not system.is_running(int(pid), start)
        with target.same_mount(name) as left:
            return now - calls.fstat(left.fd).st_mtime > _AGE
    except OSError:  # it can only be left alone
        return False


def sweep(target: Directory, name: str, ours: os.stat_result) -> bool:
    """Empty and remove a leftover; whether it was one, and still there.

    ``ours`` is the status of the scratch directory of this run: another's has the same owner, and
    is closed to the same others. Whatever else bears the name is somebody's trap: if its owner is
    another it is passed over, else it is EPERM. Raises OSError also if something is left.
    """
    try:
        left = target.same_mount(name)
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno in _NOT_OURS:
            return False
        raise
    status = calls.fstat(left.fd)
    if _is_like(status, ours) and _is_marked(left, name):
        return _remove_or_find_gone(target, name, left)
    left.close()
    return status.st_uid == ours.st_uid and _remove_unmarked(target, name)


def _is_like(status: os.stat_result, ours: os.stat_result) -> bool:
    differ = (status.st_mode ^ ours.st_mode) & (stat.S_IRWXU | _OTHERS) & ~_PASSING
    return status.st_uid == ours.st_uid and not differ


def _is_marked(scratch: Directory, name: str) -> bool:
    """Whether an empty file of that name is in it, of the same owner, with no name elsewhere."""
    try:
        mark = scratch.stat(name)
    except OSError:
        return False
    of_its_owner = mark.st_uid == calls.fstat(scratch.fd).st_uid
    return stat.S_ISREG(mark.st_mode) and of_its_owner and mark.st_nlink <= 1 and not mark.st_size


def _remove_unmarked(target: Directory, name: str) -> bool:
    """Remove one that its maker had no time to mark, so that it is empty; whether it was there."""
    try:
        target.rmdir(name)
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        raise OSError(errno.EPERM, f"{name} is not marked as ours, and left alone") from None
    return True
