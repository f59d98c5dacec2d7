"""Docker Engine: what stops the daemon as it starts, besides its storage driver and databases.

Sources are files of moby at v20.10.24 unless another version is named.
"""

from __future__ import annotations

from errno import (
    EACCES,
    EINVAL,
    EIO,
    ENOENT,
    ENOLCK,
    ENOSYS,
    ENOTCONN,
    ENOTSUP,
    EPERM,
)

from ..probes import directory, durability, lock, mmap, name, rename, rootless, space
from . import Cause, Check, Message
from ._causes import BROKEN, LOCAL, LOCKING

MESSAGES = (
    Message(
        "docker/network-database",
        r"error obtaining controller instance(?!: boltdb supports one endpoint)|"
        r"error while populating kmap",
        "dockerd",
        "daemon/daemon_unix.go:initNetworkController; docker/libkv store/boltdb/boltdb.go:New; "
        "docker/libnetwork datastore/cache.go:kmap",
        "dockerd could not open the database of its networks, network/files/local-kv.db.",
        (
            Cause(
                "A process has the database open: another dockerd, on this host or by the server "
                "on another.",
                when="timeout",
                look="fuser -v <data-root>/network/files/local-kv.db; pgrep -a dockerd",
                remedy="a data-root belongs to one daemon, on one host",
            ),
            Cause(
                "flock(2) fails on the file system.",
                checks=(Check(lock.flock, errnos=(ENOLCK, ENOSYS, ENOTSUP, EINVAL)),),
                errnos=(ENOLCK, ENOSYS, ENOTSUP, EINVAL),
                when="^(?!.*timeout)",
                remedy=LOCKING,
            ),
            Cause(
                "The file system has no shared mapping that sees what is written.",
                checks=(Check(mmap.shown),),
                errnos=(EINVAL, ENOTSUP),
                when="^(?!.*timeout)",
                remedy=LOCAL,
            ),
            Cause(
                "The file system takes no write(2), or cannot sync a file.",
                checks=(
                    Check(space.writable, errnos=(EINVAL,)),
                    Check(durability.fdatasync, errnos=(EINVAL, ENOTSUP, ENOSYS)),
                ),
                errnos=(EINVAL, ENOTSUP, ENOSYS),
                when="^(?!.*timeout)",
                remedy=LOCAL,
            ),
            Cause(
                "The directory is immutable or append-only.",
                checks=(Check(directory.changeable, errnos=(EPERM,)),),
                errnos=(EPERM,),
                remedy="chattr -i -a",
            ),
            BROKEN,
        ),
    ),
    Message(
        "docker/comma",
        r"boltdb supports one endpoint and should be a file path",
        "dockerd before 26",
        "docker/libkv store/boltdb/boltdb.go:New; docker/libnetwork datastore/datastore.go",
        "dockerd took the path of its networks' database for a list.",
        (
            Cause(
                "The path has a comma, which dockerd before 26 takes for the end of a list.",
                checks=(Check(name.comma),),
                remedy="a data-root without a comma; Docker 26",
            ),
        ),
    ),
    Message(
        "docker/full-path",
        r"unable to get the full path to root|failed to canonicalise path for|"
        r"canonical path points to a file",
        "dockerd",
        "daemon/daemon.go:CreateDaemonRoot; pkg/fileutils/fileutils.go:ReadSymlinkedDirectory",
        "dockerd follows links to its data-root as it starts, and could not.",
        (
            Cause(
                "The data-root, or what a link there leads to, is not there, or is no directory.",
                errnos=(ENOENT,),
                look="namei -l <data-root>",
                remedy="mount it before dockerd starts (RequiresMountsFor=)",
            ),
            Cause(
                "A file system is mounted there whose server or process is gone.",
                errnos=(ENOTCONN, EIO),
                look="findmnt -T <data-root>",
                remedy="umount -l it and mount it anew",
            ),
            Cause(
                "Rootless: the user's namespace may not use the directory.",
                checks=(Check(rootless.files, refutes=(), errnos=(EACCES,)),),
                errnos=(EACCES,),
                look="namei -l <data-root>",
            ),
            Cause(
                "It is a file.",
                when="points to a file",
                look="ls -l <data-root>",
            ),
        ),
    ),
    Message(
        "docker/containerd-start",
        r"timeout waiting for containerd to start|containerd did not exit successfully",
        "dockerd that starts a containerd of its own",
        "libcontainerd/supervisor/remote_daemon.go:Start",
        "The containerd that dockerd starts ended at once. A line of containerd's, before this "
        "one, says why.",
        (
            Cause(
                "What that line says: mostly that nothing can be made in <data-root>/containerd.",
                checks=(Check(directory.writable, refutes=()),),
                look="journalctl -u docker -o cat --no-pager | grep containerd",
            ),
        ),
    ),
    Message(
        "docker/wal",
        r"failed to create WAL",
        "dockerd, as a swarm manager",
        "docker/swarmkit manager/state/raft/storage/storage.go; coreos/etcd wal/wal.go:Create",
        "The log of a swarm manager could not be made: in a directory aside, with a lock, which "
        "is then renamed and synced.",
        (
            Cause(
                "The file system has no lock of the kind F_OFD_SETLK.",
                checks=(Check(lock.ofd, errnos=(ENOLCK, ENOSYS, ENOTSUP, EINVAL)),),
                errnos=(ENOLCK, ENOSYS, ENOTSUP, EINVAL),
                remedy=LOCKING,
            ),
            Cause(
                "The file system cannot sync a directory.",
                checks=(Check(durability.directory),),
                errnos=(EINVAL, ENOTSUP, ENOSYS),
                remedy=LOCAL,
            ),
            Cause(
                "The file system does not rename directories as it should.",
                checks=(Check(rename.directory),),
                remedy=LOCAL,
            ),
            BROKEN,
        ),
    ),
    Message(
        "docker/propagation",
        r"Error while setting daemon root propagation|is not a shared (?:or slave )?mount|"
        r"must use either propagation mode \"rslave\" or \"rshared\"",
        "dockerd",
        "daemon/daemon_unix.go:setupDaemonRootPropagation; daemon/oci_linux.go:ensureShared, "
        "ensureSharedOrSlave; daemon/volumes_linux.go",
        "Mounts below the data-root are to be seen in both directions, and the mount that it lies "
        "on keeps them to itself.",
        (
            Cause(
                "The mount is private, slave or unbindable, or dockerd runs where it may not "
                "change that.",
                look="findmnt -T <path> -o TARGET,PROPAGATION",
                remedy="mount --make-shared <mount point>",
            ),
        ),
    ),
    Message(
        "docker/no-swarm",
        r"This node is not a swarm manager",
        "dockerd",
        "daemon/cluster/cluster.go:errNoManager",
        "This dockerd is in no swarm.",
        (
            Cause(
                "It never was; or the swarm's state was not kept in swarm/ (measured in an "
                "append-only directory, after a restart).",
                checks=(Check(directory.changeable, refutes=(), errnos=(EPERM,)),),
                look="ls -la <data-root>/swarm",
                remedy="docker swarm init",
            ),
        ),
    ),
    Message(
        "docker/overlay-parameters",
        r"Unable to detect whether overlay kernel module|"
        r"cannot detect whether \"userxattr\" option needs to be used",
        "dockerd; containerd",
        "daemon/graphdriver/overlay2/overlay.go:Init; containerd "
        "plugins/snapshots/overlay/overlay.go:NewSnapshotter at v2.1.9",
        "A warning: it could not be found out which options the overlay module has or needs. It "
        "goes on without them.",
        (
            Cause(
                "Who asks may not read /sys/module/overlay/parameters, or not mount.",
                errnos=(EACCES, EPERM),
                look="ls -l /sys/module/overlay/parameters",
            ),
        ),
    ),
    Message(
        "docker/container-gone",
        r"No such container: |Container command '.{1,300}' not found",
        "docker",
        "daemon/container.go:GetContainer; moby#24238 (after a copy of the data-root)",
        "What the command named is not there, or its layers are not.",
        (
            Cause(
                "The data-root is another than before, was copied in part, or forgot what was "
                "written (measured on rclone: containers are gone after a restart).",
                look="docker info -f '{{.DockerRootDir}}'; findmnt -R it",
                remedy="stop dockerd before copying; rsync -aHAXS --numeric-ids",
            ),
        ),
    ),
)
