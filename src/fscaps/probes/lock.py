"""Locks: whether they exclude a second process, and how long a call takes.

Two other processes do the locking, because a call can block for ever where the lock server is away.
"""

from __future__ import annotations

from errno import EBADF, EINVAL, ENOLCK, ENOSYS, ENOTSUP

from . import Answer, No, probe
from ._others import BUSY, other

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._area import Area

_REFUSED = (ENOLCK, ENOSYS, ENOTSUP, EINVAL, EBADF)


def _excludes(area: Area, kind: str) -> Answer:
    """One process takes the lock; another must be refused while it is held, and not after."""
    name = f"lock-{kind}"  # its own, for what went wrong with one may leave it locked
    area.once(name, lambda: area.scratch.write(name, b""))
    first, second = other(area, "first"), other(area, "second")
    seconds = first.lock(kind, name)
    if seconds.startswith(BUSY):
        raise No(f"nobody held the lock, and it could not be taken: {seconds}")
    if not second.lock(kind, name).startswith(BUSY):
        second.release()
        first.release()  # raises if the first has died, which would have freed the lock
        raise No("a second process got the lock while the first held it")
    first.release()
    still = second.lock(kind, name)
    if still.startswith(BUSY):
        raise No(f"a second process did not get the lock after the first had let go: {still}")
    second.release()
    return Answer(value=float(seconds))


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
