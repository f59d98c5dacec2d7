"""containerd by itself, for Kubernetes and nerdctl, and as Docker's image store since 29.

Sources are files of containerd at v1.6.20 unless another version is named. Its overlayfs
snapshotter checks d_type when it starts and nothing else, so all else fails at the first image or
the first container. docs/reference/containerd.md says how each need was measured.
"""

from __future__ import annotations

from dataclasses import replace

from ..model import Driver, Engine, Level, Need, Role
from ..probes import (
    directory,
    durability,
    lock,
    mmap,
    mode,
    name,
    node,
    overlay,
    owner,
    rename,
    space,
    symlink,
    xattr,
)
from . import _unpacking
from ._remedies import FILETYPE, FOLLOWED, LOCAL, LOCKS, OPEN, PLAIN_PATH, ROOM, WRITABLE

_UNPACK = "archive/tar.go:createTarFile"
_EXTRACT = "failed to extract layer …: "
_BOLT = (
    'failed to load plugin io.containerd.metadata.v1.bolt" error="{error}\n'
    "ctr: unknown service containerd.services.leases.v1.Leases"
)
_NATIVE = "use the native snapshotter, which needs no overlay and copies every layer in full"

# --- what containerd's root needs -----------------------------------------------------------

_ROOT = (
    Need(
        (directory.writable,),
        because="containerd creates directories and files here as soon as it starts.",
        source="services/server/server.go:CreateTopLevelDirectories, New",
        says="containerd: chmod …: {error}\n"
        "containerd: creating temp mount location: mkdir …/tmpmounts: {error}",
        remedy=WRITABLE,
    ),
    Need(
        (directory.changeable,),
        because="containerd sets the mode of the directory itself: since 1.7.29, 2.0.7 and 2.1.5, "
        "and in older ones of distributions (CVE-2024-25621; Debian's 1.6.20 and 1.7.24). 2.3 does "
        "without where that is not permitted.",
        source="containerd v1.7.29 services/server/server.go:CreateTopLevelDirectories; v2.3.0 "
        "cmd/containerd/server/server.go; measured with Debian's 1.6.20 and 2.1.9",
        says="containerd: chmod …: operation not permitted",
        remedy="chattr -i -a; or containerd 2.3 or newer",
        before="2.3",
    ),
    Need(
        (space.writable,),
        because="Without room for a few blocks nothing can be kept.",
        source="content/local/writer.go:Write",
        says="{error}",
        remedy=ROOM,
    ),
    Need(
        (lock.flock,),
        because="meta.db and each snapshotter's metadata.db are bbolt databases, opened under "
        "flock(2) without a deadline.",
        source="services/server/server.go:LoadPlugins; vendor/go.etcd.io/bbolt/bolt_unix.go:flock",
        says=f"waiting for response from boltdb open\n{_BOLT}",
        remedy=LOCKS,
    ),
    Need(
        (mmap.shown,),
        because="bbolt reads through a shared mapping what it writes with pwrite(2).",
        source="vendor/go.etcd.io/bbolt/bolt_unix.go:mmap",
        says=_BOLT,
        remedy=LOCAL,
    ),
    Need(
        (mmap.made,),
        because="bbolt maps its database by the descriptor that has made it.",
        source="vendor/go.etcd.io/bbolt/bolt_unix.go:mmap",
        says=_BOLT,
        remedy=LOCAL,
    ),
    Need(
        (durability.fdatasync,),
        because="bbolt ends each transaction with fdatasync(2).",
        source="vendor/go.etcd.io/bbolt/bolt_linux.go:fdatasync",
        says=_BOLT,
        remedy=LOCAL,
    ),
    Need(
        (durability.fsync,),
        because="Each blob is synced before it is given its name.",
        source="content/local/writer.go:Commit",
        says="sync failed: {error}",
        remedy=LOCAL,
    ),
    Need(
        (durability.directory,),
        because="Since 2.2 the directory of each blob is synced as well, and the pull fails where "
        "that cannot be done.",
        source="containerd v2.3.4 plugins/content/local/writer_unix.go:syncDir",
        says="failed to sync dir …: {error}",
        remedy="stay with containerd before 2.2; or " + LOCAL,
        since="2.2",
    ),
    Need(
        (rename.replace,),
        because="Each blob is written aside and renamed into place.",
        source="content/local/writer.go:Commit",
        says="rename …: {error}",
        remedy=LOCAL,
    ),
    Need(
        (rename.directory,),
        because="Each snapshot is made in a directory aside, which is then renamed.",
        source="snapshots/overlay/overlay.go:createSnapshot",
        says="failed to rename: rename …: {error}",
        remedy=LOCAL,
    ),
)
_UTF8 = Need(
    (name.utf8,),
    because="containerd reads the path in config.toml, which containerd 2 takes in UTF-8 only.",
    source="containerd v2.0.0 cmd/containerd/server/config/config.go:loadConfigFile; measured with "
    "2.1.9",
    says="containerd: failed to unmarshal TOML at row …: toml: invalid UTF-8 character in basic "
    "string",
    remedy="use a path that is UTF-8; a bind mount at such a path will do",
    since="2",
)


def _owned(need: Need) -> Need:
    """A need of owners, in containerd's words."""
    says = need.says.replace("lchown …: ", 'failed to Lchown "…" for UID …, GID …: lchown …: ')
    if need.any_of[0] is owner.created:  # then it may not change its own directory either
        says = f"containerd: chmod …: operation not permitted\n{says}"
    return replace(need, says=says)


_LAYERS = (
    *map(_owned, _unpacking.entries(_UNPACK, _EXTRACT)),
    *_unpacking.MADE,
    _unpacking.fifos(_UNPACK, _EXTRACT),
    _unpacking.devices(_UNPACK, _EXTRACT),
    Need(
        (xattr.declined,),
        because="An attribute of a layer that is refused otherwise than as not supported ends the "
        "pull.",
        source=_UNPACK,
        says=_EXTRACT + 'failed to setxattr "…" for key "security.capability": {error}',
        remedy=LOCAL,
    ),
    Need(
        (xattr.security_capability,),
        level=Level.SHOULD,
        because="File capabilities of an image are lost (ping, newuidmap and many servers then "
        "lack them), and before containerd 2.3 nothing can be built or committed.",
        source=_UNPACK + "; containerd/continuity fs/diff_unix.go:compareCapabilities",
        says="ignored xattr security.capability in archive\nfailed to write compressed diff: "
        "failed to create diff tar stream: failed to get xattr for …: operation not supported",
        remedy=LOCAL,
    ),
    Need(
        (xattr.user,),
        level=Level.SHOULD,
        because="A layer that carries user.* attributes loses them; few do. tmpfs before Linux 6.6 "
        "is the usual case.",
        source=_UNPACK,
        says="ignored xattr user.… in archive",
        remedy="mount with user_xattr, or use ext4 or xfs",
    ),
    *_unpacking.names(_UNPACK, _EXTRACT),
    _unpacking.times(_UNPACK),
)

# --- snapshotters ---------------------------------------------------------------------------

_D_TYPE = Need(
    (directory.d_type,),
    because="The overlayfs snapshotter is not loaded where readdir does not tell types.",
    source="snapshots/overlay/overlay.go:NewSnapshotter",
    says="… does not support d_type. If the backing filesystem is xfs, please reformat with "
    "ftype=1 to enable d_type support",
    remedy=f"{FILETYPE}; or {_NATIVE} (from containerd 2 on with "
    '"io.containerd.snapshotter.v1.overlayfs" among disabled_plugins)',
)
_OVERLAYFS = (
    _D_TYPE,
    Need(
        (mode.bindable,),
        because="overlay takes no layer from an unbindable mount.",
        source="fs/namespace.c:clone_private_mount",
        says="failed to mount …/containerd-mount…: …invalid argument",
        remedy="mount --make-private",
    ),
    Need(
        (name.option,),
        because="containerd writes the path into the options of the overlay mount as it is, where "
        "a colon separates layers and a comma options.",
        source="snapshots/overlay/overlay.go:mounts",
        says="failed to mount …/containerd-mount…: …no such file or directory\n"
        "failed to mount …: mount options is too long",
        remedy=PLAIN_PATH,
    ),
    Need(
        (node.whiteout,),
        because="A file that a layer deletes is written as a character device 0/0.",
        source="archive/tar_opts_linux.go:OverlayConvertWhiteout",
        says=_EXTRACT + 'failed to convert whiteout file "….wh.…": {error}',
        remedy=f"{_NATIVE}; or {LOCAL}",
    ),
    Need(
        (xattr.overlay_opaque,),
        because="A directory that replaces one of a lower layer is marked opaque.",
        source="archive/tar_opts_linux.go:OverlayConvertWhiteout",
        says=_EXTRACT + 'failed to convert whiteout file "…/.wh..wh..opq": {error}',
        remedy=f"{_NATIVE}; or {LOCAL}",
    ),
    Need(
        (overlay.upper,),
        because="Each container's root is an overlay whose upper and work directory lie here. "
        "containerd does not try one when it starts: the first container fails.",
        source="snapshots/overlay/overlay.go:mounts; overlayutils/check.go:Supported (not called)",
        # In the words of what the mount gives (ovl_make_workdir), not of what is lacking here.
        says="failed to mount …/containerd-mount…: invalid argument",
        remedy=f"{_NATIVE}; or {LOCAL}",
        reworded=(("1.7", "failed to mount rootfs component: …invalid argument"),),
    ),
    *_unpacking.USED_OVERLAY,
)
_COPIES = (
    Need(
        (directory.d_type,),
        because="The overlayfs snapshotter is loaded all the same. Since containerd 2 its failure "
        "for want of d_type takes the database of all snapshotters along.",
        source="containerd v2.0.0 plugins/metadata/plugin.go (GetByType)",
        says="ctr: unknown service containerd.services.leases.v1.Leases",
        remedy='disabled_plugins = ["io.containerd.snapshotter.v1.overlayfs"] in config.toml; or '
        + FILETYPE,
        since="2",
    ),
    Need(
        (mode.bindable,),
        because="The root of a container is a bind mount of its snapshot.",
        source="snapshots/native/native.go:mounts",
        says="failed to mount …: invalid argument",
        remedy="mount --make-private",
    ),
    Need(
        (mode.execute,),
        because="noexec: the root of a container is a bind mount of its snapshot, so no program "
        "starts.",
        source="snapshots/native/native.go:mounts",
        says="runc create failed: unable to start container process: …exec…: permission denied",
        remedy="mount -o remount,exec",
    ),
    Need(
        (symlink.overlay2,),
        because="nosymfollow: the root of a container is a bind mount of its snapshot, in which no "
        "symbolic link is followed.",
        source="snapshots/native/native.go:mounts; mount(8), which a bind mount inherits",
        says="too many levels of symbolic links",
        remedy=FOLLOWED,
    ),
    Need(
        (mode.others,),
        because="The root of a container is a bind mount of its snapshot, in which only root could "
        "do anything.",
        source="snapshots/native/native.go:mounts; fs/fuse/dir.c:fuse_allow_current_process",
        says="permission denied",
        remedy=OPEN,
    ),
    Need(
        (mode.below,),
        level=Level.SHOULD,
        because="Only root can do anything in a container: the server has other users pass the "
        "directories above its root, which containerd closes to them.",
        source="snapshots/native/native.go:NewSnapshotter (0700); measured on mergerfs",
        says="permission denied",
        remedy=LOCAL,
    ),
    Need(
        (xattr.capability_listed,),
        level=Level.SHOULD,
        because="Each snapshot is a copy of the one below it with the attributes that are listed, "
        "so file capabilities of an image are lost.",
        source="snapshots/native/native.go:createSnapshot; containerd/continuity "
        "fs/copy_linux.go:copyXAttrs; measured on ntfs-3g",
        remedy=LOCAL,
    ),
    Need(
        (mode.setuid,),
        level=Level.SHOULD,
        because="nosuid: setuid programs and file capabilities of images have no effect.",
        source="snapshots/native/native.go:mounts",
        remedy="mount -o remount,suid",
    ),
    Need(
        (node.device_open,),
        level=Level.SHOULD,
        because="nodev: device nodes that a container makes cannot be opened.",
        source="snapshots/native/native.go:mounts",
        remedy="mount -o remount,dev",
    ),
    _unpacking.LISTING_OF_ROOT,
)

ENGINE = Engine(
    id="containerd",
    title="containerd",
    roles=(
        Role(
            id="containerd/overlayfs",
            title="containerd's root",
            needs=(*_ROOT, _UTF8, *_OVERLAYFS, *_LAYERS),
        ),
        Role(
            id="containerd/native",
            title="containerd's root with full copies",
            needs=(*_ROOT, _UTF8, *_COPIES, *_LAYERS),
            alternative=True,
        ),
    ),
    drivers=(
        Driver("overlayfs", "containerd/overlayfs", (_D_TYPE,)),
        Driver(
            "native",
            "containerd/native",
            (),
            "copies every layer and every container in full (Docker 29 does so by itself, others "
            "have to be told)",
        ),
    ),
    oldest="1.6",
    newest="2.1",
    others=tuple(
        (name, "containerd/overlayfs")
        for name in ("kubernetes", "k8s", "k3s", "rke2", "kubelet", "nerdctl")
    ),
)
