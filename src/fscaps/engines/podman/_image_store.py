"""An image store that is only read: additionalimagestores."""

from __future__ import annotations

from dataclasses import replace

from ...model import Level, Need
from ...probes import (
    directory,
    link,
    lock,
    lower,
    mode,
    name,
    node,
    overlay,
    owner,
    space,
    symlink,
    xattr,
)
from .. import _loop, _unpacking
from .._remedies import FILETYPE, LOCAL, LOCKS, PLAIN_PATH, ROOM, WRITABLE
from ._graphroot import UTF8

_EROFS = f"{_loop.SHARE}; or {LOCAL}"
_OF_ANY_LENGTH = "5.4"
"""A path of 2200 bytes was too long for 4.3, and is none for 5.4."""
_COPIED = "measured: cp --archive of a filled graphroot"
_OPTIONS = (
    'creating overlay mount to …/merged, mount_data="…": …\n'
    "overlay: can't stat imageStore dir …: stat …: no such file or directory"
)
_MADE = {
    owner.created: "cp: failed to preserve ownership for …: Operation not permitted\n"
    "cp: preserving times for …: Operation not permitted",
    owner.chown: "cp: failed to preserve ownership for …: {Error}",
    owner.lchown: "cp: failed to preserve ownership for …: {Error}",
    owner.mode: "cp: preserving permissions for …: {Error}",
    symlink.target: "cp: cannot create symbolic link …: {Error}",
    link.changed: "cp: failed to preserve ownership for …: {Error}",
    link.hard: "cp: cannot create hard link … to …: {Error}",
    node.fifo: "cp: cannot create fifo …: {Error}",
    node.device: "cp: cannot create special file …: {Error}",
    name.length: "cp: cannot create directory …: {Error}\n"
    "cp: cannot create regular file …: {Error}",
}
"""What cp says, by what cannot be made. (coreutils src/copy.c)"""


def _copied(need: Need) -> Need:
    return replace(need, says=_MADE.get(need.any_of[0], need.says))


STORE = (
    UTF8,
    Need(
        (directory.writable,),
        because="The store is copied here, from the graphroot of a podman that has the images.",
        source=_COPIED,
        says="cp: cannot create directory …: {Error}\ncp: preserving times for …: {Error}\n"
        "cp: preserving permissions for …: {Error}",
        remedy="ask on the host that may write here; " + WRITABLE,
    ),
    Need(
        (directory.changeable,),
        because="The copy sets owner, mode and times of the directory itself.",
        source=_COPIED,
        says="cp: preserving times for …: Operation not permitted",
        remedy="chattr -i -a",
    ),
    Need(
        (space.writable,),
        because="Without room for a few blocks nothing can be copied here.",
        source=_COPIED,
        says="cp: error writing …: {Error}",
        remedy=ROOM,
    ),
    *map(_copied, _unpacking.entries(_COPIED, "cp: ")),
    _copied(_unpacking.fifos(_COPIED, "cp: ")),
    _copied(_unpacking.devices(_COPIED, "cp: ")),
    Need(
        (xattr.acl_removed,),
        because="cp --archive rids each directory of the default access control list that another "
        "may have had in its place.",
        source="coreutils lib/set-permissions.c:set_acls; measured on posixovl",
        says="cp: preserving permissions for …: {Error}",
        remedy=_EROFS,
    ),
    Need(
        (node.whiteout,),
        because="A deleted file of a lower layer is a character device 0/0 in the store.",
        source=_COPIED,
        says="cp: cannot create special file …: {Error}",
        remedy=_EROFS,
    ),
    Need(
        (symlink.overlay2,),
        because="The store has a symbolic link l/<ID> -> ../<id>/diff for each layer.",
        source="drivers/overlay/overlay.go:create",
        says="cp: cannot create symbolic link …: {Error}\n"
        "Can't read link …/overlay/l/… because it does not exist",
        remedy=_EROFS,
    ),
    Need(
        (lock.posix,),
        because="Each reader takes read locks by fcntl(2) on the store's lock files; where that "
        "fails, podman tries again every 10 ms for ever, and says nothing.",
        source="pkg/lockfile/lockfile_unix.go:lock",
        says="(nothing: it hangs)",
        remedy=LOCKS,
    ),
    Need(
        (overlay.lower,),
        because="The layers of the store are the lower layers of each container's root.",
        source="drivers/overlay/overlay.go:get",
        says='creating overlay mount to …/merged, mount_data="…": {error}',
        remedy=_EROFS,
    ),
    Need(
        (lower.linked,),
        level=Level.SHOULD,
        because="A file of the image that a container links shows as two until the container is "
        "started again: programs that compare inode numbers, as cp -a and tar do, copy it twice.",
        source="fs/overlayfs/super.c:ovl_lower_uuid_ok; measured on bindfs, GlusterFS, MooseFS "
        "and ceph-fuse",
        remedy=_EROFS,
    ),
    Need(
        (name.option,),
        because="podman writes the path into the options of the overlay mount as it is, where a "
        "colon separates layers and a comma options, and which are a page at most.",
        source="drivers/overlay/overlay.go:get",
        says=_OPTIONS,
        remedy=PLAIN_PATH,
        before=_OF_ANY_LENGTH,
    ),
    *(
        Need(
            (probe,),
            because="podman writes the path into the options of the overlay mount as it is, where "
            "a colon separates layers and a comma options.",
            source="drivers/overlay/overlay.go:get",
            says=_OPTIONS,
            remedy=PLAIN_PATH,
            since=_OF_ANY_LENGTH,
        )
        for probe in (name.colon, name.comma, name.backslash)
    ),
    Need(
        (mode.bindable,),
        because="overlay takes a private copy of the mount that its lower layers lie on.",
        source="fs/overlayfs/super.c:ovl_get_layers (clone_private_mount)",
        says='creating overlay mount to …/merged, mount_data="…": invalid argument',
        remedy="mount --make-private",
    ),
    Need(
        (xattr.overlay_opaque,),
        because="The mark of a directory that replaces one of a lower layer is lost (NFS, SMB and "
        "9p keep no trusted.*), and what the image deleted is there again, without a word. Broken "
        "is each image one of whose layers replaces a directory: RUN rm -r d && mkdir d, a package "
        "removed and installed again. Images without such a layer are whole.",
        source="fs/overlayfs/util.c:ovl_path_is_opaquedir; measured: 'data/dir-opaque/old': there, "
        "but should not be",
        says="(nothing: files that the image deleted are there again)",
        remedy=_EROFS,
    ),
    Need(
        (directory.d_type,),
        because="Where readdir does not tell types, listings show what the image deleted, without "
        "a word. Broken is each image one of whose layers deletes something of a lower one.",
        source="fs/overlayfs/readdir.c:ovl_cache_entry_new; measured: 'data/file-deleted': there, "
        "but should not be",
        says="(nothing: files that the image deleted are listed)",
        remedy=FILETYPE,
    ),
    Need(
        (mode.below,),
        level=Level.SHOULD,
        because="The kernel asks a server for names again and again, as the user who runs a "
        "program, and the server has him pass the directories above a layer, which podman closes: "
        "programs of containers that run as another user than root fail now and then.",
        source="fs/overlayfs/super.c:ovl_revalidate_real; drivers/overlay/overlay.go:Init (0700); "
        "measured on mergerfs",
        says="stale file handle",
        remedy=_EROFS,
    ),
    _unpacking.SETGID,
    Need(
        (xattr.security_capability,),
        level=Level.SHOULD,
        because="File capabilities of an image are lost when the store is copied here.",
        source=_COPIED,
        remedy=_EROFS,
    ),
    Need(
        (xattr.user,),
        level=Level.SHOULD,
        because="user.* attributes of an image are lost when the store is copied here; few images "
        "have any.",
        source=_COPIED,
        remedy=_EROFS,
    ),
    *map(_copied, _unpacking.names(_COPIED, "cp: ")),
    _unpacking.times(_COPIED),
)
