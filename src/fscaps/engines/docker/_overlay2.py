"""The overlay2 storage driver: an overlay mount, and what containers then do in it."""

from __future__ import annotations

from ...model import Level, Need
from ...probes import directory, mode, name, node, overlay, symlink
from .. import _loop
from ._daemon import LOCAL
from ._layers import REGISTER

_OTHER_DRIVERS = (
    "other storage drivers need no overlay of the kernel's here, at a price: see "
    "docker/data-root-fuse-overlayfs and docker/data-root-vfs"
)
NOT_STARTED = "failed to start daemon: error initializing graphdriver: driver not supported"

_MOUNT_FAILS = (
    "failed to mount overlay: {error}\n"
    + NOT_STARTED
    + "\nerror creating overlay mount to …/merged: {error}"
)
_IN_CONTAINERS = "overlay mounts here, and then this fails inside containers"
OVERLAY = (
    Need(
        (directory.d_type,),
        because="overlay2 refuses a file system whose readdir does not tell types: deleted files "
        "would reappear.",
        source="daemon/graphdriver/overlay2/overlay.go:Init; overlayutils.go:ErrDTypeNotSupported",
        says="overlay2: the backing … filesystem is formatted without d_type support, which leads "
        "to incorrect behavior.",
        remedy="format again with mkfs.xfs -n ftype=1 or mkfs.ext4 -O filetype (ext4: tune2fs -O "
        "filetype and e2fsck -f do it in place)",
    ),
    Need(
        (node.whiteout,),
        because="A deleted file of a lower layer is kept as a character device 0/0, in the layers "
        "of images as well.",
        source="go-archive archive_linux.go:ConvertRead",
        says=REGISTER + "ApplyLayer … failed to mknod('…', S_IFCHR, 0): {error}",
        remedy=LOCAL,
    ),
    Need(
        (symlink.overlay2,),
        because="overlay2 keeps a symbolic link l/<ID> -> ../<id>/diff for each layer.",
        source="daemon/graphdriver/overlay2/overlay.go:create",
        says=REGISTER + "symlink ../<id>/diff …/overlay2/l/<ID>: {error}",
        remedy=LOCAL,
    ),
    Need(
        (overlay.upper,),
        because="Each container's root is an overlay whose upper and work directory lie here.",
        source="daemon/graphdriver/overlayutils/overlayutils.go:SupportsOverlay; overlay2.go:Get",
        says=_MOUNT_FAILS,
        remedy=f"{LOCAL}; {_loop.MOVE}; {_OTHER_DRIVERS}",
    ),
    Need(
        (overlay.copy_up,),
        because=f"Writing to a file of the image: {_IN_CONTAINERS}.",
        source="fs/overlayfs/copy_up.c:ovl_copy_up_one",
        says="{error}",
        remedy=LOCAL,
    ),
    Need(
        (overlay.whiteout,),
        because=f"Deleting a file of the image: {_IN_CONTAINERS}.",
        source="fs/overlayfs/dir.c:ovl_whiteout",
        says="{error}",
        remedy=LOCAL,
    ),
    Need(
        (overlay.opaque,),
        because=f"Deleting a directory of the image and making it anew: {_IN_CONTAINERS}.",
        source="fs/overlayfs/dir.c:ovl_create_over_whiteout, ovl_set_opaque",
        says="{error}",
        remedy=LOCAL,
    ),
    Need(
        (overlay.rename,),
        because=f"Renaming a file of the image: {_IN_CONTAINERS}.",
        source="fs/overlayfs/dir.c:ovl_rename",
        says="{error}",
        remedy=LOCAL,
    ),
    Need(
        (overlay.special,),
        because=f"Links, owners, FIFOs, device nodes, setuid, running programs: {_IN_CONTAINERS}.",
        source="fs/overlayfs/dir.c:ovl_link, ovl_create_object",
        says="{error}",
        remedy=LOCAL,
    ),
    Need(
        (overlay.remount,),
        because="What a container changed must be there when it is started again.",
        source="daemon/graphdriver/overlay2/overlay.go:Get",
        remedy=LOCAL,
    ),
    Need(
        (overlay.native_diff,),
        level=Level.SHOULD,
        because="Layers are unpacked and compared through the mount, which is slower.",
        source="daemon/graphdriver/overlay2/check.go:doesSupportNativeDiff",
        says="Not using native diff for overlay2, this may cause degraded performance for "
        "building images",
        remedy="load the overlay module with redirect_dir=off (a kernel parameter, not a mount's)",
    ),
)
_UNBINDABLE = "mount --make-private, or --make-shared, on its mount point"
BINDABLE = Need(
    (mode.bindable,),
    because="overlay takes no layer from an unbindable mount.",
    source="fs/namespace.c:clone_private_mount",
    says="failed to mount overlay: invalid argument\n" + NOT_STARTED,
    remedy=_UNBINDABLE,
)
SHAREABLE = Need(
    (mode.bindable, directory.mount_point),
    because="overlay takes no layer from an unbindable mount. dockerd makes the mount shared when "
    "it starts, but that it can do at the top of the mount only.",
    source="fs/namespace.c:clone_private_mount; daemon/daemon_unix.go:setupDaemonRootPropagation",
    says="failed to mount overlay: invalid argument\n" + NOT_STARTED,
    remedy=_UNBINDABLE,
)
OPTION = Need(
    (name.option,),
    because="dockerd writes the path into the options of the overlay mount as it is, where a colon "
    "separates layers and a comma options.",
    source="daemon/graphdriver/overlayutils/overlayutils.go:SupportsOverlay",
    says="failed to mount overlay: no such file or directory\n" + NOT_STARTED,
    remedy="use a path without colon, comma and backslash; a bind mount at such a path will do",
)
