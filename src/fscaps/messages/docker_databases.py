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
    mmap,
)
from . import Cause, Check, Message
from ._causes import (
    LOCAL,
    NO_FLOCK,
)

_ANOTHER_DOCKERD = Cause(
    "A process has a database of the store open now. A dockerd that runs is one; it is the cause "
    "if this was said by another, which was to start beside it.",
    problems=("in-use:volumes/metadata.db",),
    look="fuser -v <data-root>/volumes/metadata.db; pgrep -a dockerd",
    remedy="if there are two of them, end the second; a data-root belongs to one daemon, on one "
    "host",
)

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
            Cause(
                NO_FLOCK.because,
                checks=NO_FLOCK.checks,
                errnos=(ENOLCK, ENOSYS, ENOTSUP, EINVAL, EBADF),
                remedy=NO_FLOCK.remedy,
            ),
            Cause(
                "The file system has no shared mapping that sees what is written.",
                checks=(Check(mmap.coherent),),
                errnos=(EINVAL, ENODEV, ENOTSUP),
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
        (_ANOTHER_DOCKERD, NO_FLOCK),
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
