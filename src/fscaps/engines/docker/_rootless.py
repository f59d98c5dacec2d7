"""dockerd as an ordinary user, by rootlesskit, with overlay2 as root of his user namespace.

Measured with rootlesskit 1.1.0, which leaves the user nothing but his subordinate ids.
"""

from __future__ import annotations

from dataclasses import replace

from ...model import Level, Need
from ...probes import directory, mode, overlay, owner, rename, rootless, symlink, xattr
from .. import _remedies, _unpacking
from .._remedies import LOCAL, MORE_IDS
from ._containerd import SINCE, STORE_D_TYPE, STORE_OPTION
from ._daemon import ATOMIC, DIRECTORY_RENAME, ENCODED, ROOM, SWARM, WRITABLE
from ._layers import CONTENT, NAMES, NODES, TIMES
from ._overlay2 import NOT_STARTED, OPTION
from ._volumes import BIND_BELOW

_ELSEWHERE = (
    "give the user a directory on a local file system, named with --data-root, or as data-root "
    "in ~/.config/docker/daemon.json"
)
_ASKED_OTHERWISE = {owner.chown, owner.lchown, owner.created, owner.group}
_FIFO = NODES[0]
_ON_VOLUMES = tuple(
    need for need in BIND_BELOW if need.any_of[0] in (rename.replace_open, directory.open_unlink)
)

ROOTLESS = (
    replace(WRITABLE, remedy="make the path writable for the user; or " + _ELSEWHERE),
    Need(
        (directory.changeable,),
        because="dockerd sets the mode of the directory itself.",
        source="daemon/daemon_unix.go:setupDaemonRoot",
        says="chmod …: operation not permitted",
        remedy="chattr -i -a",
    ),
    ROOM,
    ENCODED,
    *ATOMIC,
    DIRECTORY_RENAME,
    replace(OPTION, before=SINCE),
    replace(STORE_OPTION, since=SINCE),
    Need(
        (owner.created,),
        because="Files that a user creates must belong to him; here the server gives them away.",
        source="go-archive archive.go:createTarFile",
        says="lchown …: operation not permitted",
        remedy="drop forced owners (uid=, all_squash); or " + _ELSEWHERE,
    ),
    Need(
        (rootless.files,),
        because="dockerd works as root of a user namespace in which the user's id is 0.",
        source="contrib/dockerd-rootless.sh; rootlesskit pkg/child/child.go",
        says="failed to mount overlay: permission denied\ncontainerd: mkdir …: {error}\n"
        "Unable to get the full path to root (…): {error}",
        remedy=_ELSEWHERE,
    ),
    Need(
        (rootless.owners,),
        because="Each entry of a layer is given its owner, one of the user's subordinate ids; a "
        "server knows nothing of user namespaces and refuses.",
        source="go-archive archive.go:createTarFile",
        says="failed to Lchown …: {error}\nlchown …: {error}",
        remedy=_ELSEWHERE,
    ),
    Need(
        (rootless.ids,),
        level=Level.SHOULD,
        because="The user has fewer subordinate ids than images may have owners: one with a file "
        "whose owner is above them is not unpacked. The file system is not to blame.",
        source="go-archive archive.go:createTarFile; rootlesskit pkg/parent/parent.go:"
        "newugidmapArgsFromSubIDRanges; measured with 20.10.24",
        says="ApplyLayer … lchown …: invalid argument",
        remedy=MORE_IDS + "; restart the user's dockerd",
    ),
    *(need for need in CONTENT if need.any_of[0] not in _ASKED_OTHERWISE),
    replace(_unpacking.GROUP, any_of=(rootless.group,)),
    _FIFO,
    Need(
        (directory.d_type,),
        because="overlay2 refuses a file system whose readdir does not tell types.",
        source="daemon/graphdriver/overlay2/overlay.go:Init; overlayutils.go:ErrDTypeNotSupported",
        says="overlay2: the backing … filesystem is formatted without d_type support, which leads "
        "to incorrect behavior.",
        remedy=_ELSEWHERE,
        before=SINCE,
    ),
    replace(STORE_D_TYPE, remedy=_ELSEWHERE, since=SINCE),
    Need(
        (symlink.overlay2,),
        because="overlay2 keeps a symbolic link l/<ID> -> ../<id>/diff for each layer.",
        source="daemon/graphdriver/overlay2/overlay.go:create",
        says="symlink ../<id>/diff …/overlay2/l/…: {error}\n"
        "error creating overlay mount to …/merged: {error}",
        remedy=_ELSEWHERE,
        before=SINCE,
    ),
    Need(
        (overlay.userxattr,),
        because="Each container's root is an overlay that the user mounts, which keeps its marks "
        "in user.* attributes (Linux 5.11). dockerd tries one without, and uses nothing of it.",
        source="daemon/graphdriver/overlayutils/userxattr.go:NeedsUserXAttr; "
        "overlayutils.go:SupportsOverlay",
        says="failed to mount overlay: …\n" + NOT_STARTED,
        remedy=f"{_ELSEWHERE}; or install fuse-overlayfs, which dockerd then takes by itself",
        before=SINCE,
        if_full=_remedies.ROOM,
    ),
    Need(
        (overlay.userxattr,),
        because="Each container's root is an overlay that the user mounts, which keeps its marks "
        "in user.* attributes (Linux 5.11). Nobody tries one at the start: the first container "
        "fails.",
        source="moby docker-v29.7.2 daemon/image_store_choice.go:determineImageStoreChoice; "
        "containerd v2.3.4 plugins/snapshots/overlay/overlay.go:mounts",
        says="failed to mount …: …",
        remedy=_ELSEWHERE,
        since=SINCE,
        if_full=_remedies.ROOM,
    ),
    Need(
        (rootless.capability,),
        level=Level.SHOULD,
        because="File capabilities of images are lost.",
        source="pkg/archive/archive.go:createTarFile",
        says="ignored xattrs in archive: underlying filesystem doesn't support them",
        remedy=LOCAL,
    ),
    *NAMES,
    TIMES[0],
    Need(
        (xattr.user,),
        because="The marks of an overlay that a user mounts are user.* attributes.",
        source="daemon/graphdriver/overlayutils/userxattr.go:NeedsUserXAttr",
        says="unlinkat …: input/output error",
        remedy="mount with user_xattr; or " + _ELSEWHERE,
    ),
    Need(
        (mode.execute,),
        level=Level.SHOULD,
        because="noexec: programs on volumes do not run. The containers are not affected.",
        source="mount(8), which a bind mount inherits",
        remedy="mount -o remount,exec",
    ),
    Need(
        (rootless.setuid,),
        level=Level.SHOULD,
        because="nosuid: setuid programs on volumes have no effect. The containers are not "
        "affected.",
        source="mount(8), which a bind mount inherits",
        remedy="mount -o remount,suid",
    ),
    *_ON_VOLUMES,
    *(replace(need, level=Level.SHOULD) for need in SWARM),
    Need(
        (),
        level=Level.SHOULD,
        because="Images lose their device nodes; hard links come apart when a container writes to "
        "them, and in docker commit.",
        source="pkg/archive/archive.go:createTarFile; measured with 20.10.24",
        remedy="run dockerd as root",
    ),
)
"""What a rootless data-root needs, with the driver overlay2."""
