"""Apptainer (Singularity), which has no storage of its own: what root lets lie on a path.

Sources are files below internal/pkg of apptainer at v1.4.5. It refuses a writable overlay on some
file systems by their names, and tries nothing before it mounts one. docs/reference/apptainer.md
says how each need was measured, and what an ordinary user's containers do otherwise.
"""

from __future__ import annotations

from dataclasses import replace

from ..model import Engine, Level, Need, Role
from ..probes import (
    directory,
    magic,
    mode,
    name,
    overlay,
    owner,
    rename,
    space,
    symlink,
    xattr,
)
from . import _unpacking
from ._remedies import FILETYPE, FOLLOWED, LOCAL, OPEN, PLAIN_PATH, ROOM, WRITABLE

_CONTAINER = "runtime/engine/apptainer/container_linux.go"
_IMAGE = f"use an image file instead (apptainer overlay create); or {LOCAL}"
_UNREAD = "failed to retrieve path for …: lstat …: no such file or directory"
_ROOM = Need(
    (space.writable,),
    because="Without room for a few blocks nothing can be kept.",
    source=f"{_CONTAINER}:overlayUpperWork",
    says="{error}",
    remedy=ROOM,
)
_UTF8 = Need(
    (name.utf8,),
    because="apptainer hands the path on in JSON, which takes UTF-8 only.",
    source="runtime/engine/config; measured with 1.4.5",
    says=f"{_UNREAD}\nfailed to find mount point for …: no parent mount point found",
    remedy="use a path that is UTF-8; a bind mount at such a path will do",
)

# --- apptainer exec --overlay DIRECTORY -----------------------------------------------------

_OVERLAY = (
    Need(
        (directory.writable,),
        because="apptainer makes the directories upper and work here.",
        source=f"{_CONTAINER}:overlayUpperWork",
        says="setup of overlay upper dir failed: failed to create …/upper directory: mkdir …: "
        "{error}\ncould not remount …/overlay-images/0: permission denied",
        remedy=WRITABLE,
    ),
    _ROOM,
    _UTF8,
    *(
        Need(
            (probe,),
            because=f"--overlay takes what stands behind a {what}.",
            source="runtime/engine/apptainer/prepare_linux.go:loadOverlayImages; "
            "cmd/internal/cli/action_flags.go",
            says=f"failed to open overlay image …: {_UNREAD}",
            remedy=PLAIN_PATH,
        )
        for probe, what in (
            (name.colon, "colon for an option"),
            (name.comma, "comma for another overlay"),
        )
    ),
    Need(
        (magic.apptainer_overlay,),
        because="apptainer refuses a writable overlay directory on NFS, FUSE, eCryptfs, Lustre, "
        "GPFS and PanFS by their names.",
        source="util/fs/overlay/overlay_linux.go:CheckUpper",
        says="… is located on a … filesystem incompatible as overlay upper directory",
        remedy=_IMAGE,
    ),
    Need(
        (directory.d_type,),
        because="Where readdir does not tell types the overlay is mounted all the same, and no "
        "directory of the image can be deleted in it.",
        source="fs/overlayfs/readdir.c:ovl_check_empty_dir; measured with 1.4.5",
        says="rm: can't remove …: Directory not empty",
        remedy=f"{FILETYPE}; or {_IMAGE}",
    ),
    Need(
        (xattr.overlay_opaque,),
        because="Where no mark of a directory that replaces another can be kept, the overlay is "
        "mounted all the same, and no directory of the image can be deleted in it.",
        source="fs/overlayfs/dir.c:ovl_clear_empty, ovl_set_opaque; measured with 1.4.5",
        says="rm: can't remove …: Input/output error",
        remedy=_IMAGE,
    ),
    Need(
        (overlay.upper,),
        because="What containers change lies in the upper directory of an overlay of the kernel's. "
        "For root apptainer does not fall back to fuse-overlayfs.",
        source=f"{_CONTAINER}:addOverlayMount",
        says="while mounting overlay: can't mount overlay filesystem to …: invalid argument\n"
        "rm: can't remove …: Read-only file system\nrm: can't remove …: Invalid argument",
        remedy=_IMAGE,
    ),
    *_unpacking.USED_OVERLAY,
)

# --- apptainer build --sandbox, exec --writable ---------------------------------------------

_UNPACK = "build/sources/oci_unpack.go:UnpackRootfs (opencontainers/umoci)"
_ENTRY = "unpack entry: …: …"


def _owned(need: Need) -> Need:
    """A need of owners; where not even root's files are root's, the sandbox is not moved either."""
    if need.any_of[0] is not owner.created:
        return need
    return replace(need, says=f"copy Failed: chown …: operation not permitted\n{need.says}")


_SANDBOX = (
    Need(
        (directory.writable,),
        because="The image is unpacked in a directory beside its place.",
        source="build/build.go:NewBundle",
        says="failed to create build parent dir: mkdir …/build-temp-…: {error}",
        remedy=WRITABLE,
    ),
    _ROOM,
    _UTF8,
    Need(
        (mode.execute,),
        because="noexec: apptainer makes no sandbox where no program starts.",
        source="build/build.go",
        says="'noexec' mount option set on …, sandbox … won't be usable at this location",
        remedy="mount -o remount,exec",
    ),
    Need(
        (rename.directory,),
        because="The sandbox is moved to its place when it is finished.",
        source="build/assemblers/sandbox.go:Assemble",
        says="sandbox assemble failed: rename …: {error}",
        remedy=LOCAL,
    ),
    *map(_owned, _unpacking.entries(_UNPACK, _ENTRY)),
    _unpacking.fifos(_UNPACK, _ENTRY),
    _unpacking.devices(_UNPACK, _ENTRY),
    Need(
        (symlink.overlay2,),
        because="nosymfollow: a container that may write has the sandbox itself for its root, in "
        "which no symbolic link is followed.",
        source=f"{_CONTAINER}:addRootfsMount; mount(8), which a bind mount inherits",
        says="too many levels of symbolic links",
        remedy=FOLLOWED,
    ),
    Need(
        (overlay.lower,),
        because="A container that may not write has the sandbox for the lower layer of an overlay.",
        source=f"{_CONTAINER}:addOverlayMount",
        says="while mounting overlay: can't mount overlay filesystem to …: …",
        remedy=f"apptainer exec --underlay or --writable; or {LOCAL}",
    ),
    Need(
        (mode.others,),
        level=Level.SHOULD,
        because="Only root can use the sandbox.",
        source="mount.fuse3(8), allow_other",
        says="permission denied",
        remedy=OPEN,
    ),
    Need(
        (xattr.security_capability,),
        level=Level.SHOULD,
        because="File capabilities of an image are lost.",
        source=_UNPACK,
        remedy=LOCAL,
    ),
    Need(
        (xattr.user,),
        level=Level.SHOULD,
        because="user.* attributes of an image are lost; few images have any.",
        source=_UNPACK,
        remedy="mount with user_xattr, or use ext4 or xfs",
    ),
    *_unpacking.names(_UNPACK, _ENTRY),
    _unpacking.times(_UNPACK),
)

ENGINE = Engine(
    id="apptainer",
    title="Apptainer (Singularity)",
    roles=(
        Role(
            id="apptainer/overlay-dir",
            title="Apptainer's writable overlay",
            needs=_OVERLAY,
        ),
        Role(
            id="apptainer/sandbox",
            title="an Apptainer image as a directory",
            needs=_SANDBOX,
            alternative=True,
        ),
    ),
    oldest="1.4",
    newest="1.4",
    others=(("singularity", "apptainer/overlay-dir"),),
)
