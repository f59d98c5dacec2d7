"""The overlay2 storage driver: an overlay mount, and what containers then do in it."""

from __future__ import annotations

from ...model import Level, Need
from ...probes import directory, mode, name, node, overlay, symlink
from .. import _loop
from .._remedies import FILETYPE, LOCAL, PLAIN_PATH
from .._unpacking import USED_OVERLAY

_OTHER_DRIVERS = (
    "other storage drivers need no overlay of the kernel's here, at a price: see "
    "docker/data-root-fuse-overlayfs and docker/data-root-vfs"
)
NOT_STARTED = "failed to start daemon: error initializing graphdriver: driver not supported"

_MOUNT_FAILS = (
    "failed to mount overlay: invalid argument\n"
    + NOT_STARTED
    + "\nerror creating overlay mount to …/merged: invalid argument"
)
OVERLAY = (
    Need(
        (directory.d_type,),
        because="overlay2 refuses a file system whose readdir does not tell types: deleted files "
        "would reappear.",
        source="daemon/graphdriver/overlay2/overlay.go:Init; overlayutils.go:ErrDTypeNotSupported",
        says="overlay2: the backing … filesystem is formatted without d_type support, which leads "
        "to incorrect behavior.",
        remedy=FILETYPE,
    ),
    Need(
        (overlay.upper,),
        because="Each container's root is an overlay whose upper and work directory lie here.",
        source="daemon/graphdriver/overlayutils/overlayutils.go:SupportsOverlay; overlay2.go:Get",
        says=_MOUNT_FAILS,
        remedy=f"{LOCAL}; {_loop.MOVE}; {_OTHER_DRIVERS}",
    ),
    Need(
        (node.whiteout,),
        because="A deleted file of a lower layer is kept as a character device 0/0, in the layers "
        "of images as well.",
        source="go-archive archive_linux.go:ConvertRead",
        says="failed to mknod(…, S_IFCHR, 0): {error}",
        remedy=LOCAL,
    ),
    Need(
        (symlink.overlay2,),
        because="overlay2 keeps a symbolic link l/<ID> -> ../<id>/diff for each layer.",
        source="daemon/graphdriver/overlay2/overlay.go:create",
        says="symlink ../<id>/diff …/overlay2/l/…: {error}\n"
        "error creating overlay mount to …/merged: {error}",
        remedy=LOCAL,
    ),
    *USED_OVERLAY,
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
    remedy=PLAIN_PATH,
)
