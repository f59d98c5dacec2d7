"""Docker Engine: its databases and its pid file.

Sources are files of moby at v20.10.24 unless another version is named.
"""

from __future__ import annotations

from errno import (
    EBADF,
    EINVAL,
    ENODEV,
    ENOLCK,
    ENOSYS,
    ENOTSUP,
)

from ..probes import (
    lock,
    mmap,
    space,
)
from . import Cause, Check, Message
from ._causes import (
    LOCAL,
    LOCKING,
)

_ANOTHER_DOCKERD = Cause(
    "A process has a database of the store open now. A dockerd that runs is one; it is the cause "
    "if this was said by another, which was to start beside it.",
    problems=("in-use:volumes/metadata.db",),
    look="fuser -v <data-root>/volumes/metadata.db; pgrep -a dockerd",
    remedy="if there are two of them, end the second; a data-root belongs to one daemon, on one "
    "host",
)

# bbolt takes a lock that is held for a time-out, and says any other error as it is.
_ANOTHER_HOST = Cause(
    "Another host holds the lock, or held it and is gone, and the server does not know (NFS).",
    when="timeout|is already open",
    look="cat /proc/locks, on the server",
    remedy="stop dockerd on the other host; a data-root belongs to one daemon, on one host",
)
_NO_TIMEOUT = "^(?!.*timeout)"
_NO_LOCKS = (ENOLCK, ENOSYS, ENOTSUP, EINVAL, EBADF)

MESSAGES = (
    Message(
        "docker/volume-database",
        r"error while opening volume store metadata database",
        "dockerd",
        "volume/service/store.go:NewStore (bbolt, a time-out of one second)",
        "dockerd could not open <data-root>/volumes/metadata.db.",
        (
            Cause(
                _ANOTHER_DOCKERD.because,
                problems=_ANOTHER_DOCKERD.problems,
                when="timeout",
                look=_ANOTHER_DOCKERD.look,
                remedy=_ANOTHER_DOCKERD.remedy,
            ),
            _ANOTHER_HOST,
            Cause(
                "flock(2) fails on the file system.",
                checks=(Check(lock.flock, errnos=_NO_LOCKS),),
                errnos=_NO_LOCKS,
                when=_NO_TIMEOUT,
                remedy=LOCKING,
            ),
            Cause(
                "The file system takes no write(2): hugetlbfs is one that only maps files.",
                checks=(Check(space.writable, errnos=(EINVAL,)),),
                errnos=(EINVAL,),
                when=_NO_TIMEOUT,
                remedy=LOCAL,
            ),
            Cause(
                "The file system has no shared mapping that sees what is written.",
                checks=(Check(mmap.shown),),
                errnos=(EINVAL, ENODEV, ENOTSUP),
                when=_NO_TIMEOUT,
                remedy=LOCAL,
            ),
            Cause(
                "The database is damaged, or no bbolt database.",
                when="invalid database|version mismatch|checksum|file size too small",
                look="bbolt check <data-root>/volumes/metadata.db, with dockerd stopped",
                remedy="move it away; dockerd makes it anew and loses only labels and options of "
                "volumes",
            ),
        ),
    ),
    Message(
        "docker/boltdb-open",
        r"boltdb file \S{1,600} is already open",
        "dockerd 29",
        "daemon/libnetwork/internal/kvstore/boltdb/boltdb.go:New at docker-v29.0.0",
        "The network database is locked.",
        (_ANOTHER_DOCKERD, _ANOTHER_HOST),
    ),
    Message(
        "docker/pid-file",
        r"pid file found, ensure docker is not running or delete|"
        r"failed to start daemon, ensure docker is not running or delete",
        "dockerd",
        "pkg/pidfile/pidfile.go:checkPIDFileAlreadyExists; daemon/command/daemon.go:start at "
        "docker-v29.0.0",
        "The pid file names a process that exists. This says nothing of the file system.",
        (
            Cause(
                "dockerd runs already, or the number has gone to another process.",
                look="cat /run/docker.pid; ps -fp $(cat /run/docker.pid)",
                remedy="end that dockerd; if the process is another program, delete the pid file",
            ),
        ),
    ),
)
