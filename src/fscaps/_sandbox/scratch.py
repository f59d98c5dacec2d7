"""The scratch directory: made unpredictably, removed whatever happens, swept if that failed."""

from __future__ import annotations

import errno
import itertools
import os
import re
import stat

from .._linux import system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._linux.directory import Directory

_NAME = re.compile(rb"\.fscaps-([0-9a-f]+)-(\d+)-(\d+)-(\d+)-[0-9a-f]{16}")
_AGE = 3600.0
"""Seconds after which a scratch directory of another boot, host or container is abandoned."""
_LOOK_AT = 10_000
"""Entries of the probed directory among which leftovers are looked for."""


def new_name() -> str:
    """A name nobody can guess, which says whose it is: boot, pid namespace, process, its start."""
    pid = os.getpid()
    owner = f"{system.boot_id()}-{system.pid_namespace()}-{pid}-{system.process_start(pid)}"
    return f".fscaps-{owner}-{os.urandom(8).hex()}"


def is_name(name: str) -> bool:
    """Whether new_name() could have made it: nothing else may ever be removed."""
    return bool(_NAME.fullmatch(os.fsencode(name)))


def make(target: Directory, name: str) -> Directory:
    """Make and open it.

    Raises OSError; EPERM also if somebody put another directory in its place.
    """
    scratch = target.mkdir(name)
    try:
        if os.fstat(scratch.fd).st_uid != os.geteuid():
            _check_squashed(scratch)
    except OSError:
        scratch.close()
        raise
    return scratch


def _check_squashed(scratch: Directory) -> None:
    """Whoever owns what we create must own the directory too; else it is not the one we made."""
    fd = scratch.open("owner", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        ours = os.fstat(fd).st_uid
    finally:
        os.close(fd)
        scratch.unlink("owner")
    if ours != os.fstat(scratch.fd).st_uid:
        raise OSError(errno.EPERM, "mkdir: another directory was put in its place")


def remove(target: Directory, name: str, scratch: Directory) -> None:
    """Empty and remove it; raises OSError if something is left."""
    try:
        scratch.clear()
    finally:
        scratch.close()
    target.rmdir(name)


def remove_by_name(target: Directory, name: str) -> None:
    """Empty and remove one that another process made; raises OSError if something is left."""
    if not is_name(name):
        raise OSError(errno.EINVAL, "not the name of a scratch directory")
    remove(target, name, target.directory(name))


def leftovers(target: Directory, now: float) -> list[str]:
    """Scratch directories whose run is over; ``now`` is the file system's own time."""
    found = []
    for entry in itertools.islice(target.entries(), _LOOK_AT):
        match = _NAME.fullmatch(entry.name)
        if match and _is_abandoned(target, match, now):
            found.append(os.fsdecode(entry.name))
    return found


def _is_abandoned(target: Directory, match: re.Match[bytes], now: float) -> bool:
    try:
        status = target.stat(match[0])
    except OSError:
        return False
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        return False
    boot, namespace, pid, start = (group.decode() for group in match.groups())
    if (boot, namespace) != (system.boot_id(), system.pid_namespace()):
        return now - status.st_mtime > _AGE
    return system.process_start(pid) != start
