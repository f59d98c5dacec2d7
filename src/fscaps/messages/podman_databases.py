"""Podman's databases: bbolt up to 4.7, SQLite since 4.8; and SQLite in programs on volumes.

Sources are named with each message.
"""

from __future__ import annotations

from errno import EACCES, EDQUOT, EFAULT, EINVAL, ENOENT, ENOLCK, ENOSPC, ENOSYS, ENOTSUP, EPERM

from ..findings import Outcome, Reason
from ..probes import directory, durability, lock, mmap, name, rootless, space
from . import Cause, Check, Message
from ._causes import BROKEN, LOCAL, LOCKING

_NO_LOCKS = (ENOLCK, ENOSYS, ENOTSUP, EINVAL)

MESSAGES = (
    Message(
        "podman/bolt",
        r"opening database \S{1,900}: |\S/bolt_state\.db: ",
        "Podman with its bbolt database",
        "podman libpod/boltdb_state.go:NewBoltState at v4.3.1; go.etcd.io/bbolt bolt_unix.go: "
        "flock, mmap",
        "Podman could not open its database, libpod/bolt_state.db in the graphroot.",
        (
            Cause(
                "flock(2) fails on the file system.",
                checks=(Check(lock.flock, errnos=_NO_LOCKS),),
                errnos=_NO_LOCKS,
                remedy=LOCKING,
            ),
            Cause(
                "The file system has no shared mapping that sees what is written (measured on 9p).",
                checks=(Check(mmap.shown),),
                errnos=(EINVAL, ENOTSUP),
                remedy=LOCAL,
            ),
            Cause(
                "The file system takes no write(2) (measured on hugetlbfs), or cannot sync.",
                checks=(
                    Check(space.writable, errnos=(EINVAL,)),
                    Check(durability.fdatasync, errnos=(EINVAL,)),
                ),
                errnos=(EINVAL,),
                remedy=LOCAL,
            ),
            Cause(
                "Rootless: the user's namespace may not make or open files there, because a server "
                "or a FUSE file system looks at other ids than the kernel does (measured on "
                "sshfs).",
                checks=(Check(rootless.files, refutes=(), errnos=(EACCES, EPERM)),),
                errnos=(EACCES, EPERM),
                remedy="put the graphroot on a local disk of the user's",
            ),
            Cause(
                "The graphroot, or the database, belongs to somebody else.",
                errnos=(EACCES, EPERM),
                look="ls -la <graphroot>/libpod",
            ),
            BROKEN,
        ),
    ),
    Message(
        "sqlite/locked",
        r"database is locked",
        "SQLite: Podman since 4.8, and many programs on volumes",
        "sqlite.org/rescode.html#busy; podman libpod/sqlite_state.go",
        "SQLite could not get its lock in time.",
        (
            Cause(
                "The file system gives no locks: fcntl(2) F_SETLK fails there with ENOLCK, or does "
                "not return.",
                # SQLite tells other errors as what they are.
                checks=(
                    Check(lock.posix, confirms=(Outcome.NO, Reason.TIMEOUT), errnos=(ENOLCK,)),
                ),
                remedy="mount NFS with a lock server that answers; keep the database on a local "
                "file system",
            ),
            Cause(
                "Another process holds the lock, or the program waits for its own: Podman had such "
                "faults before 4.8 (podman#17859, #18356, #20809).",
                look="fuser -v <graphroot>/db.sql; podman --version",
                remedy="update the program",
            ),
        ),
    ),
    Message(
        "sqlite/unable-to-open",
        r"unable to open database file",
        "SQLite: Podman since 4.8, and many programs on volumes",
        "sqlite.org/rescode.html#cantopen; podman libpod/sqlite_state.go",
        "SQLite could not open its database or the journal beside it.",
        (
            Cause(
                "There is no room left for the journal (podman#27480).",
                checks=(
                    Check(space.writable, refutes=(), errnos=(ENOSPC, EDQUOT)),
                    Check(directory.writable, refutes=(), errnos=(ENOSPC, EDQUOT)),
                    Check(space.inodes, refutes=()),
                ),
                errnos=(ENOSPC,),
                remedy="free space by hand; podman itself cannot until then",
            ),
            Cause(
                "The directory of the database cannot be written to.",
                # Root may, and a container's user or an ordinary one may not all the same.
                checks=(Check(directory.writable, refutes=()),),
                look="ls -ld its directory, as seen by who opens it",
            ),
            Cause(
                "The path is longer than SQLite takes: 512 bytes with its journal's name.",
                checks=(Check(name.sqlite),),
                errnos=(EFAULT, ENOENT),
                remedy="put the graphroot at a shorter path, or bind-mount it at one",
            ),
        ),
    ),
    Message(
        "sqlite/disk-error",
        r"disk I/O error",
        "SQLite: Podman since 4.8, and many programs on volumes",
        "sqlite.org/rescode.html#ioerr; podman libpod/sqlite_state.go",
        "SQLite could not read, write, sync or remove its database or the journal beside it.",
        (
            Cause(
                "The directory is append-only or immutable, so the journal cannot be removed "
                "(measured with Podman 5.8).",
                checks=(Check(directory.changeable, errnos=(EPERM,)),),
                errnos=(EPERM,),
                remedy="chattr -a -i",
            ),
            Cause(
                "The file system takes no write(2) (measured on hugetlbfs), or cannot sync.",
                checks=(
                    Check(space.writable, errnos=(EINVAL,)),
                    Check(durability.fdatasync, errnos=(EINVAL,)),
                ),
                errnos=(EINVAL,),
                remedy=LOCAL,
            ),
            Cause(
                "Whoever opened it may not write there.",
                errnos=(EACCES,),
                look="ls -la its directory, as seen by who opens it",
            ),
            BROKEN,
        ),
    ),
)
