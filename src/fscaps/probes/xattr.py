"""Extended attributes (xattr(7)): which namespaces keep what is put into them."""

from __future__ import annotations

import os
import struct
from errno import E2BIG, EACCES, EINVAL, ENODATA, ENOENT, ENOSPC, ENOTSUP, EPERM, ERANGE

from .._linux import calls, xattrs
from ..findings import Outcome, Reason
from . import Answer, No, Unknown, probe, skip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._area import Area

# linux/capability.h: struct vfs_cap_data, revision 2, effective, CAP_NET_RAW permitted
NET_RAW = struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0)

_NOBODY = 0xFFFFFFFF
_NOT_LISTED = "kept, and not listed"

_REFUSED = (ENOTSUP, EPERM, EACCES, EINVAL)
_SIZES = (4096, 4000, 2048, 1024, 256)
_TOO_LARGE = (ENOSPC, E2BIG, ERANGE, EINVAL, ENOTSUP)


def _open(area: Area) -> Iterator[int]:
    """Descriptors of the shared file and of the shared directory, one after the other."""
    for name in (area.file, area.folder):
        fd = area.scratch.open(name)
        try:
            yield fd
        finally:
            calls.close(fd)


def _acl(uid: int) -> bytes:
    """user::rwx user:UID:r-- group::r-- mask::r-- other::--- (linux/posix_acl_xattr.h)."""
    anyone = ((4, 4, _NOBODY), (16, 4, _NOBODY), (32, 0, _NOBODY))
    entries = ((1, 7, _NOBODY), (2, 4, uid), *anyone)
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def _round_trip(fd: int, name: str, value: bytes) -> bool:
    """Set, get, list and remove; whether it was listed.

    Raises No where the file system forgets or makes things up.
    """
    xattrs.put(fd, name, value)
    try:
        seen = xattrs.get(fd, name)
    except OSError as error:
        if error.errno == ENODATA:
            raise No(f"{name} was set, and is not there", errno="ENODATA") from None
        raise
    if seen != value:
        raise No(f"{name} was set to {value!r} and read back as {seen[:64]!r}")
    listed = name in xattrs.names(fd)
    _remove(fd, name)
    try:
        xattrs.get(fd, name)
    except OSError as error:
        if error.errno == ENODATA:
            return listed
        raise
    raise No(f"{name} was removed and is still there")


def _remove(fd: int, name: str) -> None:
    try:
        xattrs.remove(fd, name)
    except FileNotFoundError as error:
        raise No(str(error.strerror), errno="ENOENT") from None


def _listed_round_trip(fd: int, name: str) -> None:
    """The same of an attribute that programs find by listing, as cp(1) does."""
    if not _round_trip(fd, name, b"1"):
        raise No(f"{name} was set and is not listed")


@probe("Do files and directories keep user.* attributes?", no=_REFUSED)
def user(area: Area) -> None:
    """Round trip of ``user.fscaps``. Rootless overlay stores its marks here (userxattr)."""
    for fd in _open(area):
        _listed_round_trip(fd, "user.fscaps")


@probe(
    "Do files and directories keep trusted.* attributes?",
    no=_REFUSED,
    capabilities=("CAP_SYS_ADMIN",),
)
def trusted(area: Area) -> None:
    """Round trip of ``trusted.fscaps``, which only the initial user namespace's root may set."""
    for fd in _open(area):
        _listed_round_trip(fd, "trusted.fscaps")


@probe(
    "Do files keep file capabilities?",
    no=_REFUSED,
    capabilities=("CAP_SETFCAP",),
)
def security_capability(area: Area) -> str:
    """Round trip of a real VFS_CAP_REVISION_2 value on a file, as ``setcap`` writes it.

    Images carry it on ping, on newuidmap, on many servers. The kernel asks for it by name, so that
    one that is not listed works; the finding tells of it.
    """
    fd = area.scratch.open(area.file)
    try:
        listed = _round_trip(fd, "security.capability", NET_RAW)
    finally:
        calls.close(fd)
    return "" if listed else _NOT_LISTED


@probe(
    "Is a file capability that is kept listed, too?",
    after=(security_capability,),
)
def capability_listed(area: Area) -> None:
    """Who copies a file asks which attributes it has, as containerd's native snapshotter does.

    (containerd/continuity fs/copy_linux.go:copyXAttrs) *Yes* also where none is kept.
    """
    if area.outcome(security_capability) is Outcome.NO:
        return
    area.build_on(security_capability, "it is unknown whether one is kept")
    if area.findings[security_capability.id].detail == _NOT_LISTED:
        raise No("security.capability was set and is not listed")


@probe(
    "May a file capability be set, whether it is kept or not?",
    no=_REFUSED,
    capabilities=("CAP_SETFCAP",),
    after=(security_capability,),
)
def capability_set(area: Area) -> None:
    """setxattr(2) alone: some file systems take one that cannot be read back.

    Docker since 25 stops unpacking where it fails, and does not look again.
    (moby pkg/archive/archive.go:createTarFile)
    """
    if area.outcome(security_capability) is Outcome.YES:
        return
    fd = area.scratch.open(area.file)
    try:
        xattrs.put(fd, "security.capability", NET_RAW)
    finally:
        calls.close(fd)


@probe(
    "Is a file capability kept, or else declined as not supported?",
    after=(security_capability,),
)
def declined(area: Area) -> None:
    """*Yes* also where it is ENOTSUP, which unpackers take for "do without"; they die of the rest.

    (containers/storage pkg/archive/archive.go and containerd archive/tar.go: createTarFile) Read
    from what the probe before it found.
    """
    found = area.findings.get(security_capability.id)
    if found is None or found.outcome is Outcome.UNKNOWN:
        skip("it is not known what becomes of one (see xattr.security_capability)")
    if found.outcome is Outcome.NO and found.errno not in (None, "ENOTSUP"):
        raise No(found.detail, errno=found.errno)


@probe(
    "Do files and directories keep SELinux labels?",
    no=_REFUSED,
    capabilities=("CAP_MAC_ADMIN",),
)
def security_selinux(area: Area) -> str:
    """Set the label that a file already has, and read it; asked only where SELinux is on."""
    if not os.path.exists("/sys/fs/selinux/enforce"):
        skip("SELinux is not on")
    label = b""
    for fd in _open(area):
        label = xattrs.get(fd, "security.selinux")
        xattrs.put(fd, "security.selinux", label)
        seen = xattrs.get(fd, "security.selinux")
        if seen != label:
            raise No(f"the label {label!r} was set and read back as {seen[:64]!r}")
    return label.rstrip(b"\0").decode(errors="replace")


@probe("Do files and directories keep POSIX access control lists?", no=_REFUSED)
def posix_acl(area: Area) -> None:
    """Round trip of ``system.posix_acl_access`` with an entry for a user of its own (acl(5)).

    And of a directory's ``system.posix_acl_default``, which new files in it inherit.

    For uid 1000; in a user namespace, where that may be mapped to nobody, for ourselves.
    """
    acl = _acl(1000 if area.host.initial_user_namespace else os.geteuid())
    for fd in _open(area):
        _round_trip(fd, "system.posix_acl_access", acl)
    with area.scratch.directory(area.folder) as folder:
        _round_trip(folder.fd, "system.posix_acl_default", acl)


@probe(
    "Can a directory be rid of access control lists that it has not got?",
    no=(EINVAL, ENOENT),
)
def acl_removed(area: Area) -> None:
    """removexattr(2) of ``system.posix_acl_default``: ENODATA, or ENOTSUP where there are none.

    cp -a does so for each directory (coreutils: acl_delete_def_file(3)), and the kernel for the
    work directory of an overlay, which it mounts read-only where it cannot.
    (fs/overlayfs/super.c:ovl_workdir_create)
    """
    with area.scratch.mkdir("plain") as folder:
        try:
            xattrs.remove(folder.fd, "system.posix_acl_default")
        except OSError as error:
            if error.errno not in (ENODATA, ENOTSUP):
                raise


@probe("Can a file be asked for its capability?", no=(ENOTSUP, EPERM, EACCES, EINVAL))
def capability_asked(area: Area) -> None:
    """getxattr(2) of ``security.capability``: a value, or ENODATA for none.

    Some servers answer, and let none be set. (glusterfs without its option selinux)
    """
    for fd in _open(area):
        try:
            xattrs.get(fd, "security.capability")
        except OSError as error:
            if error.errno != ENODATA:
                raise


@probe("Can a file be asked for its access control list?", no=(ENOTSUP, EPERM, EACCES, EINVAL))
def acl_asked(area: Area) -> None:
    """getxattr(2) of ``system.posix_acl_access``: a value, or ENODATA for none.

    fuse-overlayfs has the kernel check lists and hands the question on: where it fails with
    ENOTSUP nobody but its owner can open a file (fs/fuse/acl.c:fuse_get_acl).
    """
    for fd in _open(area):
        try:
            xattrs.get(fd, "system.posix_acl_access")
        except OSError as error:
            if error.errno != ENODATA:
                raise


@probe(
    "Can a directory be marked opaque for overlay (trusted.overlay.opaque)?",
    no=_REFUSED,
    capabilities=("CAP_SYS_ADMIN",),
)
def overlay_opaque(area: Area) -> str:
    """Round trip of the mark that a directory in an upper layer hides the one below.

    Without it overlay's mkdir over a deleted directory fails with EIO
    (fs/overlayfs/dir.c:ovl_set_opaque). Overlay asks for it by name.
    """
    with area.scratch.directory(area.folder) as folder:
        listed = _round_trip(folder.fd, "trusted.overlay.opaque", b"y")
    return "" if listed else _NOT_LISTED


@probe("Can a directory be marked opaque for rootless overlay (user.overlay.opaque)?", no=_REFUSED)
def user_overlay_opaque(area: Area) -> str:
    """The same mark as an overlay mounted with ``userxattr`` stores it (Linux 5.11)."""
    with area.scratch.directory(area.folder) as folder:
        listed = _round_trip(folder.fd, "user.overlay.opaque", b"y")
    return "" if listed else _NOT_LISTED


@probe("Does a 4 KiB attribute fit?", no=_REFUSED)
def size(area: Area) -> Answer:
    """The largest value that fits, up to 4096 bytes; the value of the finding, in bytes.

    Of a file that nothing else was left on, be it because it could not be removed.
    """
    with area.scratch.file("sized", os.O_RDWR | os.O_CREAT | os.O_EXCL) as fd:
        largest, refusal = _largest(fd, _usable(fd))
    if largest < 4000:  # noqa: PLR2004 - ext4 without ea_inode fits a 4096-byte block less a header
        raise No(f"at most {largest} bytes fit ({refusal})", value=largest)
    return Answer(value=largest)


def _usable(fd: int) -> str:
    """An attribute that can be set here at all."""
    for name in ("user.fscaps", "trusted.fscaps"):
        try:
            xattrs.put(fd, name, b"1")  # an empty value removes the attribute on 9p
        except OSError as error:
            if error.errno not in _REFUSED:
                raise
        else:
            return name
    raise Unknown(Reason.SKIPPED, "neither user.* nor trusted.* attributes can be set")


def _largest(fd: int, name: str) -> tuple[int, str]:
    """The largest size that fits, and why the next larger one does not."""
    refusal = ""
    for size in _SIZES:
        refused = _refusal(fd, name, size)
        if not refused:
            return size, refusal
        refusal = refused
    return 0, refusal


def _refusal(fd: int, name: str, size: int) -> str:
    """Why no value of that size fits; empty if one does."""
    try:
        xattrs.put(fd, name, bytes(size))
        kept = len(xattrs.get(fd, name))
    except OSError as error:
        if error.errno not in _TOO_LARGE:
            raise
        return str(error.strerror)
    return "" if kept == size else f"of {size} bytes {kept} were kept"
