"""containerd: its services, its configuration, and snapshots as they are made and compared.

Sources are files of containerd at v2.1.9 unless another version is named.
"""

from __future__ import annotations

from errno import EEXIST, EINVAL, ENOLCK, ENOSYS, ENOTEMPTY, ENOTSUP, EPERM

from ..probes import directory, durability, lock, mmap, name, rename, space
from . import Cause, Check, Message
from ._causes import BROKEN, LOCAL, LOCKING

_NO_LOCKS = (ENOLCK, ENOSYS, ENOTSUP, EINVAL)

MESSAGES = (
    Message(
        "containerd/service",
        r"unknown service containerd\.services\.",
        "dockerd, ctr, nerdctl, on what containerd answers",
        "plugins/metadata/plugin.go (GetByType) at v2.0.0; gRPC's word for a service that no "
        "plugin has registered",
        "containerd runs, and what others build on did not start in it: mostly its database, and "
        "what the database needs. ctr plugins ls, or its log, says why.",
        (
            Cause(
                "The file system gives no d_type: since containerd 2 the failure of the overlayfs "
                "snapshotter takes the database along (measured with 2.1.9 and Docker 28).",
                checks=(Check(directory.d_type),),
                look="journalctl -u containerd -o cat | grep 'failed to load plugin'",
                remedy="mkfs.xfs -n ftype=1; tune2fs -O filetype; or disabled_plugins in "
                "config.toml",
            ),
            Cause(
                "The file system has no shared mapping that sees what is written, which the "
                "database needs (measured on 9p).",
                checks=(Check(mmap.shown),),
                remedy=LOCAL,
            ),
            Cause(
                "The file system takes no write(2), or cannot sync a file (measured on hugetlbfs).",
                checks=(
                    Check(durability.fdatasync, errnos=(EINVAL, ENOTSUP, ENOSYS)),
                    Check(space.writable, errnos=(EINVAL,)),
                ),
                remedy=LOCAL,
            ),
        ),
    ),
    Message(
        "containerd/plugin",
        r"failed to load plugin|skip plugin\b|"
        r"(?:snapshotter selection failed, no drivers|configured driver \S{1,80} not) available|"
        r"Preferred snapshotter not available in containerd",
        "containerd; dockerd 29",
        "cmd/containerd/server/server.go:New; moby daemon/daemon.go:NewDaemon at docker-v29.0.0",
        "A plugin of containerd did not start; it goes on without. Most do not matter; the error "
        "beside it says which reason it had.",
        (
            Cause(
                "It is the snapshotter of another file system (btrfs, zfs, devmapper, blockfile, "
                "erofs), which is not to be used here.",
                when="skip plugin",
                look="ctr plugins ls -d id==<plugin>",
                remedy="nothing, unless it is the one that you use",
            ),
            Cause(
                "It is overlayfs, and the file system gives no d_type.",
                checks=(Check(directory.d_type),),
                when=r"overlayfs|available",
                remedy="mkfs.xfs -n ftype=1; tune2fs -O filetype; else " + LOCAL,
            ),
            Cause(
                "It is the database (bolt), and flock(2) fails on the file system.",
                checks=(Check(lock.flock, errnos=_NO_LOCKS),),
                errnos=_NO_LOCKS,
                when="bolt",
                remedy=LOCKING,
            ),
            Cause(
                "It is the database (bolt), and the file system has no shared mapping that sees "
                "what is written, or cannot sync a file.",
                checks=(
                    Check(mmap.shown),
                    Check(durability.fdatasync, errnos=(EINVAL, ENOTSUP, ENOSYS)),
                ),
                errnos=(EINVAL, ENOTSUP, ENOSYS),
                when="bolt",
                remedy=LOCAL,
            ),
        ),
    ),
    Message(
        "containerd/dial",
        r"failed to dial \S{1,300}: ",
        "dockerd, ctr",
        "client/client.go:New; moby daemon/daemon.go:NewDaemon at v20.10.24",
        "containerd was not reached, or did not answer as it should. What stands behind it says "
        "more.",
        (
            Cause(
                "It did not start, or not all of it.",
                look="journalctl -u containerd -o cat --no-pager",
            ),
        ),
    ),
    Message(
        "containerd/rename",
        r"failed to rename: rename \S{1,600} \S{1,600}: [a-z]",
        "containerd",
        "plugins/snapshots/overlay/overlay.go:createSnapshot; plugins/snapshots/native/native.go",
        "A snapshot is made in a directory aside, and could not be put in its place.",
        (
            Cause(
                "There is one of that number already: the database is older than the directories, "
                "as after a copy or a loss of what was not synced.",
                errnos=(EEXIST, ENOTEMPTY),
                look="ls the second path of the message; ctr snapshots ls",
                remedy="stop containerd and move the second path away",
            ),
            Cause(
                "The file system does not rename directories as it should.",
                checks=(Check(rename.directory, errnos=(EEXIST, ENOTEMPTY, EPERM, EINVAL)),),
                errnos=(EEXIST, ENOTEMPTY, EPERM, EINVAL),
                remedy=LOCAL,
            ),
            BROKEN,
        ),
    ),
    Message(
        "engine/utf8",
        r"invalid UTF-8 (?:byte|character)|Failure unmarshaling TOML",
        "containerd 2, Podman",
        "cmd/containerd/server/config/config.go:loadConfigFile; measured with containerd 2.1.9, "
        "podman 4.3.1 and 5.8.6",
        "The path in a configuration file is not UTF-8, which TOML requires.",
        (
            Cause(
                "The path has bytes that are no UTF-8.",
                checks=(Check(name.utf8),),
                look="printf %s PATH | iconv -f UTF-8 -t UTF-8 >/dev/null",
                remedy="a path in UTF-8; a bind mount at such a path will do",
            ),
        ),
    ),
    Message(
        "containerd/namespace",
        r"namespace validation: identifier ",
        "containerd",
        "pkg/namespaces/context.go; pkg/identifiers/validate.go",
        "The name of a namespace has characters that containerd does not take. This says nothing "
        "of the file system.",
        (
            Cause(
                "The name has other than letters, digits, and single . _ - between them.",
                look="the name in the message",
            ),
        ),
    ),
    Message(
        "buildkit/differ",
        r"redirect_dir is used\b|failed to compute (?:blob by )?overlay differ|"
        r"failed to compute overlay diff|unknown option \S{1,80} specified by snapshotter|"
        r"failed to retrieve \S{1,80} attr: ",
        "BuildKit",
        "util/overlay/overlay_linux.go:checkRedirect, checkOpaque, GetOverlayLayers; "
        "cache/blobs.go at 73ed6825c4",
        "A warning: BuildKit compares layers file by file, which is slower, since it cannot read "
        "the overlay's own marks.",
        (
            Cause(
                "The overlay module renames directories by a redirect (redirect_dir=on), or the "
                "snapshotter mounts with other options.",
                look="grep . /sys/module/overlay/parameters/*",
                remedy="load overlay with redirect_dir=off metacopy=off",
            ),
            Cause(
                "The file system does not answer for user.* attributes.",
                errnos=(ENOTSUP,),
                look="getfattr -d -m - the snapshots",
            ),
        ),
    ),
)
