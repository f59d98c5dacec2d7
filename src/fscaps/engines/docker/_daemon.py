"""What anything of dockerd's needs of a directory: room, atomic files, databases, bind mounts."""

from __future__ import annotations

from ...model import Need
from ...probes import (
    directory,
    durability,
    lock,
    mmap,
    mode,
    name,
    owner,
    rename,
    space,
)
from .. import _remedies
from .._remedies import LOCAL

WRITABLE = Need(
    (directory.writable,),
    because="dockerd creates directories and files here as soon as it starts.",
    source="daemon/daemon_unix.go:setupDaemonRoot",
    says="mkdir …: {error}\nchmod …: {error}\nchown …: {error}",
    remedy=_remedies.WRITABLE,
)
ROOT = Need(
    (mode.root,),
    because="dockerd is root, and a server or FUSE may let root do less than the user who asked.",
    source="exports(5), root_squash; fs/fuse/dir.c:fuse_allow_current_process",
    says="mkdir …: permission denied",
    remedy="ask as root",
)
CHANGEABLE = Need(
    (directory.changeable,),
    because="dockerd sets the mode and the owner of the directory itself.",
    source="daemon/daemon_unix.go:setupDaemonRoot; volume/local/local.go:New",
    says="chmod …: operation not permitted",
    remedy="chattr -i -a",
)
ROOM = Need(
    (space.writable,),
    because="Without room for a few blocks nothing that dockerd keeps can be written.",
    source="pkg/ioutils/fswriters.go:atomicFileWriter.Write",
    says="{error}",
    remedy=_remedies.ROOM,
)
ATOMIC = (
    Need(
        (rename.replace,),
        because="Every state file is written aside and renamed over the old one.",
        source="pkg/ioutils/fswriters.go:atomicFileWriter.Close",
        says="rename …: {error}",
        remedy=LOCAL,
    ),
    Need(
        (durability.fsync,),
        because="Every state file is synced before it is renamed.",
        source="pkg/ioutils/fswriters.go:atomicFileWriter.Close",
        says="sync …: {error}",
        remedy=LOCAL,
    ),
    Need(
        (owner.chmod,),
        because="Every state file is given its mode before it is renamed.",
        source="pkg/ioutils/fswriters.go:atomicFileWriter.Close",
        says="chmod …: {error}",
        remedy=LOCAL,
    ),
)
DIRECTORY_RENAME = Need(
    (rename.directory,),
    because="The metadata of each layer is written to a directory aside, which is then renamed.",
    source="pkg/ioutils/fswriters.go:AtomicWriteSet.Commit; layer/filestore.go:Commit",
    says="rename …: {error}",
    remedy=LOCAL,
)


def bolt(database: str, source: str, says: str) -> tuple[Need, ...]:
    """A bbolt database of this name; ``says`` is what dockerd says where it cannot be opened."""
    return (
        Need(
            (lock.flock,),
            because=f"dockerd opens the bbolt database {database} under flock(2).",
            source=f"{source}; vendor/go.etcd.io/bbolt/bolt_unix.go:flock",
            says=says,
            remedy="mount NFS with a lock server that answers, or with local_lock=flock if one "
            "host alone uses it; or " + LOCAL,
        ),
        Need(
            (mmap.shown,),
            because="bbolt reads through a shared mapping what it writes with pwrite(2).",
            source="vendor/go.etcd.io/bbolt/bolt_unix.go:mmap",
            says=says,
            remedy=LOCAL,
        ),
        Need(
            (mmap.made,),
            because="bbolt maps its database by the descriptor that has made it.",
            source="vendor/go.etcd.io/bbolt/bolt_unix.go:mmap",
            says=says,
            remedy=LOCAL,
        ),
        Need(
            (durability.fdatasync,),
            because="bbolt ends each transaction with fdatasync(2).",
            source="vendor/go.etcd.io/bbolt/bolt_linux.go:fdatasync",
            says=says,
            remedy=LOCAL,
        ),
    )


ENCODED = Need(
    (name.utf8,),
    because="dockerd hands the path to runc in JSON, which cannot hold it.",
    source="daemon/oci_linux.go:WithCommonOptions; encoding/json",
    says="invalid rootfs: stat …: no such file or directory",
    remedy="use a path in UTF-8; a bind mount at such a path will do",
)
SWARM = (
    Need(
        (lock.ofd,),
        because="A swarm manager's log is locked with F_OFD_SETLK.",
        source="coreos/etcd pkg/fileutil/lock_linux.go:ofdLockFile",
        says="Error response from daemon: failed to create WAL: {error}",
        remedy="mount NFS with a lock server that answers; or " + LOCAL,
    ),
    Need(
        (durability.directory,),
        because="A swarm manager syncs the directory of its log.",
        source="coreos/etcd wal/wal.go:Create",
        says="Error response from daemon: failed to create WAL: {error}",
        remedy=LOCAL,
    ),
)
