"""A graphroot of an ordinary user."""

from __future__ import annotations

from dataclasses import replace

from ...model import Level, Need
from ...probes import driver, magic, mode, name, overlay, owner, rootless, symlink, xattr
from .. import _unpacking
from .._remedies import LOCAL, MORE_IDS, ROOM
from ._drivers import COMMA, LOOKS_CLOSER, PROGRAM_COLON
from ._graphroot import (
    ASKS_NO_MORE,
    HOST_CHECK,
    MOUNT_PROGRAM,
    SAYS_UNSUPPORTED,
    SQLITE,
    UNSUPPORTED_SINCE,
    VOLUMES,
)
from ._layers import BLOB, NAMES, UNPACK, UNPACKED, worded

_ELSEWHERE = (
    "give the user a directory on a local file system and name it as graphroot in "
    "~/.config/containers/storage.conf (or rootless_storage_path in /etc/containers/storage.conf)"
)
_LISTED = (
    "a network file system with user namespaces is not supported.  Please use a mount_program: "
    f"backing file system is unsupported for this graph driver\n{BLOB}lsetxattr …: operation not "
    "permitted"
)
_STATIC = 'creating runtime static files directory "…/libpod": mkdir …/libpod: {error}\n'
_NO_ACCESS = "faccessat …/libpod/bolt_state.db: {error}\n"
_NEEDS = (
    Need(
        (owner.created,),
        because="Files that a user creates must belong to him; here the server gives them away.",
        source=UNPACK,
        says=BLOB + "lchown …: operation not permitted",
        remedy="drop forced owners (uid=, all_squash); or " + LOCAL,
    ),
    Need(
        (rootless.files,),
        because="podman works as root of a user namespace in which the user's id is 0.",
        source="podman v4.3.1 rootless.md; libpod/boltdb_state.go:NewBoltState; pkg/chrootarchive",
        says="opening database …/libpod/bolt_state.db: open …/libpod/bolt_state.db: {error}\n"
        "creating runtime static files directory: mkdir …/libpod: {error}\n"
        + BLOB
        + "setting up pivot dir: mkdir …/.pivot_root…: {error}",
        remedy=_ELSEWHERE,
        reworded=(
            (SQLITE, f"{_STATIC}{BLOB}setting up pivot dir: mkdir …/.pivot_root…: {{error}}"),
            ("5.2", f"{_STATIC}{_NO_ACCESS}{UNPACKED}mkdir …: {{error}}"),
        ),
    ),
    Need(
        (rootless.owners,),
        because="Each entry of a layer is given its owner, one of the user's subordinate ids; a "
        "server knows nothing of user namespaces and refuses.",
        source="pkg/idtools/idtools.go:SafeLchown; podman v4.3.1 rootless.md",
        says=BLOB + "potentially insufficient UIDs or GIDs available in user namespace "
        "(requested … for …): Check /etc/subuid and /etc/subgid if configured locally and run "
        "podman-system-migrate: lchown …: {error}\n" + BLOB + "lchown …: {error}",
        remedy=_ELSEWHERE,
    ),
    Need(
        (rootless.ids,),
        level=Level.SHOULD,
        because="The user has fewer subordinate ids than images may have owners: one with a file "
        "whose owner is above them is not unpacked. The file system is not to blame.",
        source="pkg/idtools/idtools.go:checkChownErr; measured with 4.3.1",
        says=BLOB + "potentially insufficient UIDs or GIDs available in user namespace "
        "(requested … for …): Check /etc/subuid and /etc/subgid if configured locally and run "
        "podman-system-migrate: lchown …: invalid argument",
        remedy=MORE_IDS + "; podman system migrate",
    ),
    *_unpacking.modes_and_links(UNPACK, BLOB),
    _unpacking.MODE,
    replace(_unpacking.GROUP, any_of=(rootless.group,)),
    _unpacking.fifos(UNPACK, BLOB),
    Need(
        (xattr.user, driver.refused),
        because="The kernel's overlay keeps its marks in user.* attributes. podman before 4.5 "
        "takes it wherever it can be mounted, and so where it has none.",
        source="pkg/archive/archive_linux.go:getOverlayOpaqueXattrName; drivers/overlay/check.go",
        says=BLOB + "{error}): exit status 1",
        remedy="mount with user_xattr (tmpfs: Linux 6.6); or " + _ELSEWHERE,
        before=LOOKS_CLOSER,
    ),
    Need(
        (xattr.user,),
        level=Level.SHOULD,
        because="podman takes fuse-overlayfs, and a layer that carries user.* attributes loses "
        "them.",
        source="drivers/overlay/overlay.go:supportsOverlay (it deletes a directory, since v1.46); "
        "pkg/archive/archive.go:createTarFile",
        says="ignored xattrs in archive: underlying filesystem doesn't support them",
        remedy="mount with user_xattr (tmpfs: Linux 6.6); or " + _ELSEWHERE,
        since=LOOKS_CLOSER,
    ),
    Need(
        (symlink.overlay2,),
        because="podman keeps a symbolic link l/<ID> -> ../<id>/diff for each layer.",
        source="drivers/overlay/overlay.go:create",
        says="symlink ../…/diff …/overlay/l/…: {error}\n"
        'can\'t stat lower layer "…/overlay/l/…": …: {error}',
        remedy=LOCAL,
    ),
    *(replace(need, says=f"{need.says}\n{SAYS_UNSUPPORTED}") for need in (PROGRAM_COLON, COMMA)),
    *NAMES,
    Need(
        (name.hidden, overlay.userxattr),
        because="Neither the kernel's overlay works here for a user nor fuse-overlayfs, which "
        "keeps a file that a layer deletes as a file .wh.NAME.",
        source="drivers/overlay/overlay.go:getWhiteoutFormat",
        says=BLOB + "open ….wh.…: {error}): exit status 1",
        remedy=_ELSEWHERE,
    ),
    replace(_unpacking.ASKED_THROUGH_PROGRAM, any_of=(overlay.userxattr, symlink.attribute)),
    Need(
        (overlay.userxattr, xattr.acl_asked),
        because="Neither the kernel's overlay works here for a user nor fuse-overlayfs before "
        "1.11, which passes on what it hears about access control lists: not supported.",
        source="drivers/overlay/overlay.go:Init; fs/fuse/acl.c:fuse_get_acl",
        says='copier: get: "/"("/"): opening directory for adding its contents to archive: '
        "open …: operation not supported",
        remedy="install fuse-overlayfs 1.11 or newer; or " + _ELSEWHERE,
        before=ASKS_NO_MORE,
    ),
    Need(
        (overlay.userxattr, xattr.acl_asked),
        level=Level.SHOULD,
        because="Access control lists are not supported here: should fuse-overlayfs, which podman "
        "takes, be older than 1.11, a container whose image has a volume does not start.",
        source="fuse-overlayfs main.c:ovl_init (support_acls since v1.11); measured on ramfs with "
        "podman 5.4 and 5.8, beside which Debian has 1.14",
        remedy="see that fuse-overlayfs is 1.11 or newer",
        since=ASKS_NO_MORE,
    ),
    Need(
        (overlay.userxattr, rootless.fuse),
        because="Neither the kernel's overlay works here for a user nor fuse-overlayfs, for want "
        "of /dev/fuse.",
        source="drivers/overlay/overlay.go:Init, SupportsNativeOverlay",
        says=SAYS_UNSUPPORTED,
        remedy="modprobe fuse; in a container, give it /dev/fuse; or " + _ELSEWHERE,
        reworded=UNSUPPORTED_SINCE,
    ),
    Need(
        (overlay.userxattr,),
        level=Level.SHOULD,
        because="The kernel's overlay does not work here for a user. podman then takes "
        "fuse-overlayfs if that is installed and /dev/fuse may be opened, and fails if not.",
        source="drivers/overlay/overlay.go:Init, SupportsNativeOverlay",
        says="using mount program …; or: " + SAYS_UNSUPPORTED,
        remedy=MOUNT_PROGRAM,
        if_full=ROOM,
    ),
    Need(
        (name.option,),
        level=Level.SHOULD,
        because="The path is too long for podman's test of the kernel's overlay, so that it takes "
        "fuse-overlayfs.",
        source=HOST_CHECK,
        says=SAYS_UNSUPPORTED,
        remedy="use a shorter path; a bind mount at one will do",
    ),
    Need(
        (magic.podman_rootless,),
        because="podman refuses the kernel's overlay for a user on network file systems, by their "
        "names. With fuse-overlayfs it enforces force_mask=700, which notes owner and mode of each "
        "entry in a user.* attribute; a FIFO can have none, so an image with one is not unpacked.",
        source="drivers/overlay/overlay.go:isNetworkFileSystem, Init; pkg/archive/archive.go:"
        "createTarFile; measured on NFS 4.2",
        says=_LISTED,
        remedy=_ELSEWHERE,
    ),
    Need(
        (magic.podman_beegfs,),
        because="podman before 5.0 had BeeGFS on that list as well.",
        source="drivers/overlay/overlay.go:isNetworkFileSystem, until v1.52.0",
        says=_LISTED,
        remedy="use podman 5.0 or newer; or " + _ELSEWHERE,
        before="5.0",
    ),
    Need(
        (rootless.capability,),
        level=Level.SHOULD,
        because="File capabilities of an image are lost, with a warning in the log.",
        source=UNPACK,
        says="ignored xattrs in archive: underlying filesystem doesn't support them",
        remedy=LOCAL,
    ),
    Need(
        (mode.execute,),
        level=Level.SHOULD,
        because="noexec: programs on volumes do not run, and a user cannot change that by an "
        "option of the volume. The containers themselves are not affected.",
        source="mount(8), which a bind mount inherits",
        says="permission denied",
        remedy="mount -o remount,exec",
    ),
    *VOLUMES,
)
ROOTLESS = tuple(map(worded, _NEEDS))
