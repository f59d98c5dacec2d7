"""The drivers overlay and vfs, by the kernel or the program fuse-overlayfs, as root."""

from __future__ import annotations

from dataclasses import replace

from ...model import Level, Need
from ...probes import directory, driver, fuse, magic, mode, name, node, overlay, symlink, xattr
from .. import _unpacking
from .._remedies import FILETYPE, FOLLOWED, LOCAL, OPEN, PLAIN_PATH
from ._graphroot import (
    ASKS_NO_MORE,
    BELOW,
    COLON,
    HOST_CHECK,
    MOUNT_PROGRAM,
    OPTION,
    SAYS_UNSUPPORTED,
    UNSUPPORTED_SINCE,
)
from ._layers import BLOB, worded

_REFUSED = (
    "'overlay' is not supported over …, a mount_program is required: backing file system is "
    "unsupported for this graph driver"
)
D_TYPE = Need(
    (directory.d_type,),
    because="podman refuses the kernel's overlay where readdir does not tell types.",
    source=f"{HOST_CHECK}; drivers/overlayutils/overlayutils.go:ErrDTypeNotSupported",
    says="kernel does not support overlay fs: overlay: the backing … filesystem is formatted "
    "without d_type support, which leads to incorrect behavior.… Running without d_type is not "
    "supported.: driver not supported",
    remedy=f"{FILETYPE}; or {MOUNT_PROGRAM}",
    reworded=UNSUPPORTED_SINCE,
)
WHITEOUT = Need(
    (node.whiteout,),
    because="A deleted file of a lower layer is kept as a character device 0/0, in the layers of "
    "images as well.",
    source=f"{HOST_CHECK}; pkg/archive/archive_linux.go:overlayWhiteoutConverter.ConvertRead",
    says="kernel does not support overlay fs: unable to create kernel-style whiteout: {error}",
    remedy=f"{MOUNT_PROGRAM}; or {LOCAL}",
    reworded=UNSUPPORTED_SINCE,
)
LISTED = Need(
    (magic.podman_overlay,),
    because="podman refuses overlay over aufs, overlay and eCryptfs by their names, whatever they "
    "can.",
    source="drivers/overlay/overlay.go:Init",
    says=_REFUSED,
    remedy=f"{MOUNT_PROGRAM}; or {LOCAL}",
    reworded=UNSUPPORTED_SINCE,
)
ZFS_TAKEN = "4.4"  # containers/storage 1.45
LISTED_ZFS = Need(
    (magic.podman_zfs,),
    because="podman before 4.4 refuses overlay over ZFS by its name, whatever it can.",
    source="drivers/overlay/overlay.go:Init, until v1.44.0",
    says=_REFUSED,
    remedy=f"use podman 4.4 or newer, or name fuse-overlayfs as mount_program; or {LOCAL}",
    before=ZFS_TAKEN,
)
MOUNT = Need(
    (overlay.upper,),
    because="Each container's root is an overlay whose upper and work directory lie here.",
    source=f"{HOST_CHECK}; get",
    says=SAYS_UNSUPPORTED,
    remedy=f"{MOUNT_PROGRAM}; or {LOCAL}",
    reworded=UNSUPPORTED_SINCE,
)
ACCEPTED = Need(
    (driver.overlay2,),
    because="podman tries an overlay mount, and uses nothing of it.",
    source=HOST_CHECK,
)
LOOKS_CLOSER = "4.5"  # containers/storage v1.46
_NOT_DELETED = (
    "kernel does not support overlay fs: kernel returned … when we tried to delete an item in the "
    "merged directory: driver not supported"
)
DELETES = Need(
    (xattr.overlay_opaque,),
    because="podman deletes a directory in the overlay that it tries, which takes an attribute.",
    source="drivers/overlay/overlay.go:supportsOverlay, since v1.46",
    since=LOOKS_CLOSER,
)
PRIVATE = Need(
    (mode.bindable,),
    because="overlay takes no layer from an unbindable mount.",
    source=f"{HOST_CHECK}; fs/namespace.c:clone_private_mount",
    says=SAYS_UNSUPPORTED,
    remedy="mount --make-private",
    reworded=UNSUPPORTED_SINCE,
)
LINKS = Need(
    (symlink.overlay2,),
    because="podman keeps a symbolic link l/<ID> -> ../<id>/diff for each layer.",
    source="drivers/overlay/overlay.go:create",
    says="symlink ../…/diff …/overlay/l/…: {error}\n"
    'can\'t stat lower layer "…/overlay/l/…": …: {error}',
    remedy=LOCAL,
)
OVERLAY = (
    BELOW,
    OPTION,
    PRIVATE,
    D_TYPE,
    WHITEOUT,
    LISTED,
    LISTED_ZFS,
    Need(
        (xattr.overlay_opaque,),
        because="A directory that replaces one of a lower layer is marked opaque when the layer "
        "is unpacked, and since 4.5 when podman tries the overlay.",
        source="pkg/archive/archive_linux.go:ConvertReadWithHandler; "
        "drivers/overlay/overlay.go:supportsOverlay, since v1.46",
        says=BLOB + "{error}): exit status 1",
        remedy=f"{MOUNT_PROGRAM}; or {LOCAL}",
        reworded=(
            (LOOKS_CLOSER, _NOT_DELETED),
            *UNSUPPORTED_SINCE,
        ),
    ),
    LINKS,
    MOUNT,
    *_unpacking.USED_OVERLAY,
    Need(
        (overlay.native_diff,),
        level=Level.SHOULD,
        because="Layers are compared through the mount, which is slower.",
        source="drivers/overlay/check.go:doesSupportNativeDiff",
        says="Not using native diff for overlay, this may cause degraded performance for building "
        "images",
        remedy="load the overlay module with redirect_dir=off (a kernel parameter, not a mount's)",
    ),
)
_BINDABLE = Need(
    (mode.bindable,),
    because="podman binds the directory of its driver upon itself.",
    source="drivers/overlay/overlay.go:Init (mount.MakePrivate)",
    says="mount …/overlay:…/overlay, flags: 0x1000: invalid argument",
    remedy="mount --make-private",
)
COMMA = Need(
    (name.comma,),
    because="podman writes the path into the options of fuse-overlayfs as it is, where a comma "
    "separates options.",
    source="drivers/overlay/overlay.go:get",
    says="using mount program …fuse-overlayfs: …: exit status 1",
    remedy=PLAIN_PATH,
)
PROGRAM_COLON = replace(
    COLON, says=COLON.says + "\nusing mount program …fuse-overlayfs: …cannot resolve path …"
)
BY_PROGRAM = (
    BELOW,
    LINKS,
    Need(
        (fuse.device,),
        because="Each container's root is a FUSE mount of the program fuse-overlayfs.",
        source="drivers/overlay/overlay.go:get",
        says="using mount program fuse-overlayfs: … fuse: device not found, try 'modprobe fuse' "
        "first",
        remedy="modprobe fuse; in a container, give it /dev/fuse",
    ),
    _unpacking.LISTED_BY_PROGRAM,
    _unpacking.SETGID,
    _unpacking.ASKED_THROUGH_PROGRAM,
    PROGRAM_COLON,
    COMMA,
    Need(
        (directory.d_type,),
        level=Level.SHOULD,
        because="Where readdir does not tell types, fuse-overlayfs counts the links of device "
        "nodes wrong.",
        source="measured with fuse-overlayfs 1.10 on ext4 -O ^filetype and fuse2fs",
        remedy=FILETYPE,
    ),
    Need(
        (xattr.acl_asked,),
        because="fuse-overlayfs before 1.11 passes on what it hears about access control lists. "
        'Where that is "not supported", the kernel opens no file of another user\'s, and a '
        "container whose image has a volume does not start.",
        source="fs/fuse/acl.c:fuse_get_acl; fuse-overlayfs main.c:ovl_getxattr; measured on ramfs "
        "and ntfs-3g",
        says='copier: get: "/"("/"): opening directory for adding its contents to archive: '
        "open …: operation not supported",
        remedy="install fuse-overlayfs 1.11 or newer, mount with acl, use the vfs driver, or "
        + LOCAL,
        before=ASKS_NO_MORE,
    ),
    Need(
        (xattr.acl_asked,),
        level=Level.SHOULD,
        because="Access control lists are not supported here: should fuse-overlayfs be older than "
        "1.11, a container whose image has a volume does not start.",
        source="fuse-overlayfs main.c:ovl_init (support_acls since v1.11); measured on ramfs with "
        "podman 5.4 and 5.8, beside which Debian has 1.14",
        remedy="see that fuse-overlayfs is 1.11 or newer",
        since=ASKS_NO_MORE,
    ),
    worded(
        Need(
            (name.hidden,),
            because="With fuse-overlayfs a file that a layer deletes is kept as a file .wh.NAME.",
            source="drivers/overlay/overlay.go:getWhiteoutFormat",
            says=BLOB + "open ….wh.…: {error}): exit status 1",
            remedy=LOCAL,
        )
    ),
    _BINDABLE,
    Need(
        (),
        level=Level.SHOULD,
        because="What is built or committed with fuse-overlayfs may be wrong, on every file "
        "system: a directory that was deleted and made again has its old files back.",
        source="drivers/fsdiff.go:NaiveDiffDriver.Diff; measured with podman 4.3.1, "
        "fuse-overlayfs 1.10",
        remedy="use it to run images, and build them where the kernel's overlay works",
    ),
)

FOLLOWS = Need(
    (symlink.overlay2,),
    because="nosymfollow: the root of a container is a bind mount of its layer, in which no "
    "symbolic link is followed.",
    source="drivers/vfs/driver.go:Get; mount(8), which a bind mount inherits",
    says="too many levels of symbolic links",
    remedy=FOLLOWED,
)
OPEN_TO_ALL = (
    Need(
        (mode.others,),
        because="The root of a container is a bind mount of its layer, in which only root could do "
        "anything.",
        source="drivers/vfs/driver.go:Get; fs/fuse/dir.c:fuse_allow_current_process",
        says="permission denied",
        remedy=OPEN,
    ),
    replace(
        BELOW,
        because="Only root can do anything in a container: the server has other users pass the "
        "directories above its root, which podman closes to them.",
        source="drivers/vfs/driver.go:Init (0700); measured on mergerfs",
        says="permission denied",
        remedy=LOCAL,
    ),
)
