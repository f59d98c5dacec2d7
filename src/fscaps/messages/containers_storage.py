"""Podman, Buildah, CRI-O, Skopeo: their library containers/storage, and Podman's own database.

Sources are files of containers/storage at v1.43.0 (Podman 4.3) unless another is named.
"""

from __future__ import annotations

from errno import EDQUOT, EEXIST, EFAULT, EINVAL, ENOENT, ENOLCK, ENOSPC, ENOTSUP, EPERM

from ..findings import Outcome, Reason
from ..probes import directory, lock, name, overlay, space, xattr
from . import Cause, Check, Message
from ._causes import LOCAL, NO_OVERLAY, NO_RIGHT, NODE, UNWRITABLE

_SPEAKER = "Podman, Buildah, CRI-O"
_CACHED = Cause(
    "An earlier no, remembered: the answer is kept in <runroot>/overlay/overlay-false until the "
    "next boot, whatever was changed meanwhile (podman#12212).",
    look="cat /run/containers/storage/overlay/overlay-false; rootless: "
    "$XDG_RUNTIME_DIR/containers/overlay/overlay-false",
    remedy="remove that file and try again",
)

MESSAGES = (
    Message(
        "podman/not-supported-over",
        r"'overlay' is not supported over [^\s,]+"
        r"(?![^\s\"'.:]|, a mount_program|.{0,9} storage-driver)",
        _SPEAKER,
        "drivers/overlay/overlay.go:supportsOverlay",
        "A trial mount of an overlay failed. The file system that the message names is where it "
        "was tried, and not what was found to be at fault: the kernel's error is only in the debug "
        "log.",
        (
            NO_OVERLAY,
            _CACHED,
            Cause(
                "The file system cannot hold the upper and work directory of an overlay.",
                checks=(Check(overlay.upper),),
                look="dmesg | grep overlay",
                remedy=LOCAL + '; or mount_program = "/usr/bin/fuse-overlayfs" in storage.conf',
            ),
            Cause(
                "Rootless: the kernel is older than 5.11 and mounts no overlay for users, or "
                "SELinux stands in the way (before 5.13).",
                # A no may be for want of a whiteout, or of anything else that overlay takes.
                checks=(Check(overlay.userxattr, confirms=(Reason.KERNEL,), refutes=()),),
                look="uname -r; getenforce",
                remedy="install fuse-overlayfs, which is then used by itself",
            ),
            NO_RIGHT,
        ),
    ),
    Message(
        "podman/mount-program-required",
        r"'overlay' is not supported over \S+, a mount_program is required|"
        r"a network file system with user namespaces is not supported",
        _SPEAKER,
        "drivers/overlay/overlay.go:Init, isNetworkFileSystem",
        "The file system stands on a list by name: aufs, overlay and eCryptfs always, network "
        "file systems when rootless. Nothing was tried.",
        (
            Cause(
                "No mount_program is set, and native overlay is not tried there.",
                look="podman info -f '{{.Store.GraphRoot}} {{.Store.GraphOptions}}'",
                remedy="install fuse-overlayfs (mount_program in storage.conf); or put the "
                "graphroot elsewhere",
            ),
        ),
    ),
    Message(
        "podman/overlay-not-found",
        r"'overlay' not found as a supported filesystem on this host",
        f"dockerd up to 19.03.6; {_SPEAKER}",
        "moby daemon/graphdriver/overlay2/overlay.go:supportsOverlay at v19.03.6; "
        "drivers/overlay/overlay.go:supportsOverlay",
        "dockerd says so if /proc/filesystems has no overlay after a modprobe. Podman says it if "
        "no directory could be made in <graphroot>/overlay, without having asked the kernel.",
        (
            NO_OVERLAY,
            UNWRITABLE,
            Cause(
                "<graphroot>/overlay belongs to somebody else.",
                look="ls -ld <graphroot>/overlay",
            ),
        ),
    ),
    Message(
        "podman/whiteout",
        r"unable to create kernel-style whiteout",
        _SPEAKER,
        "drivers/overlay/overlay.go:supportsOverlay",
        "The trial whiteout, a device node 0:0, could not be made.",
        (
            Cause(
                "The file system makes no device node 0:0.",
                checks=(NODE,),
                remedy=LOCAL + "; or fuse-overlayfs as mount_program",
            ),
            Cause(
                "Whoever asked may not: a user namespace before Linux 5.8, a container without "
                "CAP_MKNOD.",
                errnos=(EPERM,),
                look="podman unshare mknod w c 0 0, there",
                remedy="fuse-overlayfs as mount_program needs none",
            ),
        ),
    ),
    Message(
        "podman/multiple-lowers",
        r"kernel too old to provide multiple lowers feature for overlay",
        _SPEAKER,
        "drivers/overlay/overlay.go:supportsOverlay",
        "An overlay of two lower directories failed, one of one worked.",
        (
            Cause(
                "Linux before 4.0; since then nothing is known to cause it.",
                look="uname -r; dmesg | grep overlay",
            ),
        ),
    ),
    Message(
        "podman/network-force-mask",
        r"Network file system detected as backing store",
        "Podman, Buildah, rootless with fuse-overlayfs",
        "drivers/overlay/overlay.go:Init",
        "A warning: owners and modes of the image's files are kept in the attribute "
        "user.containers.override_stat, because the server would not take them.",
        (
            Cause(
                "It goes on to fail (lsetxattr …: operation not supported) where the file system "
                "keeps no user.* attributes.",
                checks=(Check(xattr.user, errnos=(ENOTSUP,)),),
                remedy="NFS: version 4.2 on Linux 5.9 or newer at both ends; else a local "
                "graphroot",
            ),
        ),
    ),
    Message(
        "podman/subordinate-ids",
        r"potentially insufficient UIDs or GIDs available in (?:the )?user namespace",
        _SPEAKER,
        "pkg/idtools/idtools.go:checkChownErr",
        "A file of an image could not be given its owner in the user's namespace.",
        (
            Cause(
                "The user has too few subordinate ids.",
                errnos=(EINVAL,),
                look="grep $USER /etc/subuid /etc/subgid; podman unshare cat /proc/self/uid_map",
                remedy="usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER; "
                "podman system migrate",
            ),
            Cause(
                "The server takes no owners but the user's own (NFS, Lustre, GPFS homes).",
                errnos=(EPERM,),
                look="podman unshare chown 1:1 a-file-there",
                remedy="put the graphroot on a local disk, or set force_mask in storage.conf",
            ),
        ),
    ),
    Message(
        "podman/links-lost",
        r"Can't (?:stat lower layer|read link|read parent link) .{0,900} because it does not exist",
        _SPEAKER,
        "drivers/overlay/overlay.go:get, getLower, getLowerDirs",
        "Links in <graphroot>/overlay/l are missing. They are made anew, which the message says.",
        (
            Cause(
                "The store was copied without its links, cut off while a layer was made, or lay "
                "on a disk that lost what was not synced.",
                problems=("links-missing", "links-gone"),
                look="ls <graphroot>/overlay/l | wc -l; podman system check",
                remedy="podman system check --repair (since 5.2); else podman system reset",
            ),
        ),
    ),
    Message(
        "podman/driver-overwritten",
        r"User-selected graph driver .{0,80} overwritten by graph driver .{0,80} from database",
        "Podman",
        "podman libpod/runtime.go:mergeDBConfig at v4.3.1",
        "Podman keeps the driver with which its database was made, whatever storage.conf says.",
        (
            Cause(
                "The first run picked the driver (vfs, if nothing else worked then).",
                look="podman info -f '{{.Store.GraphDriverName}}'",
                remedy="podman system reset, which removes all images and containers",
            ),
        ),
    ),
    Message(
        "podman/replacing-mount-point",
        r"replacing mount point .{0,900}: file exists",
        _SPEAKER,
        "drivers/overlay/overlay.go:Put at v1.55.0",
        "The empty directory merged could not be put in place of the one that was unmounted.",
        (
            Cause(
                "Something is left in merged, or it is mounted still; seen on network file systems "
                "with a forced mask (containers/storage#1839, BeeGFS).",
                errnos=(EEXIST,),
                look="findmnt <the path>; ls -A <the path>",
            ),
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
)
