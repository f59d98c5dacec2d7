"""Storage drivers other than overlay2."""

from __future__ import annotations

from dataclasses import replace

from ...model import Level, Need
from ...probes import directory, fuse, mode, name, node, subvolume, symlink, xattr
from .._remedies import FOLLOWED, LOCAL, OPEN, PLAIN_PATH
from .._unpacking import (
    ASKED_OF_LINKS,
    CHANGES,
    LISTED_BY_PROGRAM,
    LISTING,
    LISTING_OF_ROOT,
    by_program,
)
from ._layers import CAPABILITIES, CAPABILITY, CONTENT, NAMES, NODES, TIMES
from ._overlay2 import SHAREABLE
from ._volumes import BIND_BELOW

_ASKING = (("", "20.10.26"), ("23.0.0", "23.0.6"))  # 2b6761fd3e ended it in both branches
_COMMIT_UNLINKS = "docker commit makes separate files of what the container has linked"
_COMMA = Need(
    (name.comma,),
    because="dockerd before 26 takes the path of its networks' database for a list.",
    source="docker/libnetwork datastore/datastore.go:newClient",
    says="Error initializing network controller: error obtaining controller instance: boltdb "
    "supports one endpoint and should be a file path",
    remedy="use a path without comma; a bind mount at such a path will do",
    before="26",
)
_OF_LAYERS = (mode.execute, mode.setuid, mode.below, node.device_open)
_BOUND = (
    Need(
        (mode.execute,),
        because="noexec: the root of a container is a bind mount of its layer, so no program "
        "starts.",
        source="daemon/graphdriver/vfs/driver.go:Get; mount(8), which a bind mount inherits",
        says="runc create failed: unable to start container process: …exec…",
        remedy="mount -o remount,exec",
    ),
    Need(
        (mode.setuid,),
        level=Level.SHOULD,
        because="nosuid: setuid programs and file capabilities have no effect, in images as on "
        "volumes.",
        source="daemon/graphdriver/vfs/driver.go:Get; mount(8), which a bind mount inherits",
        remedy="mount -o remount,suid",
    ),
    Need(
        (node.device_open,),
        level=Level.SHOULD,
        because="nodev: device nodes that a container makes cannot be opened.",
        source="daemon/graphdriver/vfs/driver.go:Get; mount(8), which a bind mount inherits",
        remedy="mount -o remount,dev",
    ),
    Need(
        (mode.others,),
        because="The root of a container is a bind mount of its layer, in which only root could do "
        "anything.",
        source="daemon/graphdriver/vfs/driver.go:Get; fs/fuse/dir.c:fuse_allow_current_process",
        says="permission denied",
        remedy=OPEN,
    ),
    Need(
        (mode.below,),
        level=Level.SHOULD,
        because="Only root can do anything in a container: the server has other users pass the "
        "directories above its root, which dockerd closes to them.",
        source="daemon/daemon_unix.go:setupDaemonRoot; measured on mergerfs",
        says="permission denied",
        remedy=LOCAL,
    ),
    Need(
        (symlink.overlay2,),
        because="nosymfollow: the root of a container is a bind mount of its layer, in which no "
        "symbolic link is followed.",
        source="daemon/graphdriver/vfs/driver.go:Get; mount(8), which a bind mount inherits",
        says="too many levels of symbolic links\nexec: …: executable file not found in $PATH",
        remedy=FOLLOWED,
    ),
    LISTING_OF_ROOT,
    *(need for need in BIND_BELOW if need.any_of[0] not in _OF_LAYERS and need is not LISTING),
)

_OWN_CONTAINERD = Need(
    (directory.d_type,),
    because="A dockerd that finds no containerd starts one of its own, which keeps its data here. "
    "Since containerd 2 the failure of one snapshotter for want of d_type takes all of its "
    "database along, and no container runs.",
    source="containerd/containerd plugins/metadata/plugin.go; measured with 28.5.2 and containerd "
    "2.1, and not so with 26.1.5 and containerd 1.7",
    says="docker: Error response from daemon: Unimplemented: unknown service "
    "containerd.services.leases.v1.Leases",
    remedy="run containerd as a service of its own, whose root lies elsewhere; or format again "
    "with mkfs.xfs -n ftype=1 or mkfs.ext4 -O filetype",
    since="27",
)

VFS = (
    _COMMA,
    _OWN_CONTAINERD,
    *CONTENT,
    *NODES,
    *(
        replace(
            CAPABILITY,
            any_of=(xattr.capability_asked,),
            because="vfs copies a layer file by file and asks each for its capability; where that "
            "is not supported, Docker before 23.0.6 (20.10: before 20.10.26) loads not even an "
            "image without any.",
            source="daemon/graphdriver/copy/copy.go:copyXattr",
            says="{error}",
            since=since,
            before=before,
        )
        for since, before in _ASKING
    ),
    *CAPABILITIES,
    *NAMES,
    TIMES[0],
    CHANGES,
    ASKED_OF_LINKS,
    *_BOUND,
    Need(
        (),
        level=Level.SHOULD,
        because="Each layer and each container is a copy in full of all below it, without user.* "
        f"attributes, and sockets become FIFOs; {_COMMIT_UNLINKS}.",
        source="daemon/graphdriver/copy/copy.go:DirCopy; measured with 20.10.24",
        remedy=LOCAL,
    ),
)
"""The driver vfs: a directory for each layer, copied from the one below."""

_NOT_FOUND = "fuse-overlayfs: cannot retrieve path for …: No such file or directory"
FUSE_OVERLAYFS = (
    _COMMA,
    _OWN_CONTAINERD,
    *(
        Need(
            (probe,),
            because=f"dockerd hands the path to fuse-overlayfs within the mount's options, where a "
            f"{what}. However long it is, it fits.",
            source="daemon/graphdriver/fuse-overlayfs/fuseoverlayfs.go:Get",
            says=says,
            remedy=PLAIN_PATH,
            since=since,
        )
        for probe, what, since, says in (
            (name.colon, "colon separates layers", "", "cannot resolve path …"),
            (name.comma, "comma separates options", _COMMA.before, _NOT_FOUND),
            (name.backslash, "backslash escapes what follows", "", _NOT_FOUND),
        )
    ),
    Need(
        (fuse.device,),
        because="Each container's root is a FUSE mount of the program fuse-overlayfs. dockerd "
        "looks for the program only.",
        source="daemon/graphdriver/fuse-overlayfs/fuseoverlayfs.go:Init, Get",
        says="fuse: device not found",
        remedy="modprobe fuse; in a container, give it /dev/fuse",
    ),
    LISTED_BY_PROGRAM,
    Need(
        (symlink.overlay2,),
        because="The driver keeps a symbolic link l/<ID> -> ../<id>/diff for each layer.",
        source="daemon/graphdriver/fuse-overlayfs/fuseoverlayfs.go:create",
        says="symlink ../<id>/diff …/fuse-overlayfs/l/…: {error}\n"
        "fuse-overlayfs: cannot read lower dirs: …",
        remedy=LOCAL,
    ),
    Need(
        (name.hidden,),
        because="A file that a layer deletes is written as .wh.<name>.",
        source="daemon/graphdriver/fuse-overlayfs/fuseoverlayfs.go:ApplyDiff",
        says="open ….wh.…: {error}",
        remedy=LOCAL,
    ),
    *map(by_program, CONTENT),
    *NODES,
    Need(
        (directory.d_type,),
        level=Level.SHOULD,
        because="Where readdir does not tell types, fuse-overlayfs takes block devices and sockets "
        "for directories, of which it tells two links and more.",
        source="containers/fuse-overlayfs v1.10 main.c:load_dir (st_mode & S_IFDIR)",
        remedy="format again with mkfs.xfs -n ftype=1 or mkfs.ext4 -O filetype",
        before=_OWN_CONTAINERD.since,
    ),
    *CAPABILITIES,
    *NAMES,
    *TIMES,
    Need(
        (xattr.acl_asked,),
        because="The kernel asks fuse-overlayfs for access control lists, which before 1.11 asks "
        "here; where that is not supported, in a container nobody but a file's owner can open it.",
        source="fs/fuse/acl.c:fuse_get_acl; containers/fuse-overlayfs main.c:ovl_init "
        "(support_acls since v1.11)",
        says="failed to read …/merged/…: open …/merged/…: operation not supported",
        remedy="install fuse-overlayfs 1.11 or newer; mount with acl; use NFS 3, whose server has "
        "lists; or " + LOCAL,
    ),
    *(need for need in BIND_BELOW if need is not LISTING),
    Need(
        (),
        level=Level.SHOULD,
        because="Device nodes that a container makes cannot be opened; a directory that it deleted "
        "and made again has its old content after docker commit; before Docker 28 "
        f"{_COMMIT_UNLINKS}.",
        source="daemon/graphdriver/fsdiff.go:NaiveDiffDriver; measured with 20.10.24 and "
        "fuse-overlayfs 1.10",
        remedy=LOCAL,
    ),
)
"""The driver fuse-overlayfs: an overlay in user space, one process for each container."""

BTRFS = (
    replace(
        SHAREABLE,
        because="dockerd binds btrfs/ upon itself. It makes an unbindable mount shared when it "
        "starts, but that it can do at the top of the mount only.",
        source="daemon/graphdriver/btrfs/btrfs.go:Init (mount.MakeMount)",
        says="failed to make …/btrfs a mount: …invalid argument",
    ),
    Need(
        (subvolume.create,),
        because="Each layer without a parent is a subvolume.",
        source="daemon/graphdriver/btrfs/btrfs.go:subvolCreate",
        says="prerequisites for driver not satisfied (wrong filesystem?)\n"
        "Failed to create btrfs subvolume: {error}",
        remedy="use a btrfs",
    ),
    Need(
        (subvolume.snapshot,),
        because="Each other layer, and each container, is a snapshot of the one below.",
        source="daemon/graphdriver/btrfs/btrfs.go:subvolSnapshot",
        says="Failed to create btrfs snapshot: {error}",
        remedy="use a btrfs",
    ),
    _COMMA,
    *CONTENT,
    *NODES,
    *CAPABILITIES,
    *NAMES,
    *TIMES,
    *_BOUND,
    Need(
        (),
        level=Level.SHOULD,
        because=f"{_COMMIT_UNLINKS[0].upper()}{_COMMIT_UNLINKS[1:]}.",
        source="daemon/graphdriver/fsdiff.go:NaiveDiffDriver; measured with 20.10.24",
        remedy="use overlay2, which btrfs can back",
    ),
)
"""The driver btrfs: a subvolume for each layer."""
