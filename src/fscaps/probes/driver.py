"""What engines themselves ask before they take a storage driver that nobody has named.

Their checks are not the measure, so no role rests on them: they tell which driver they will pick.
"""

from __future__ import annotations

import os
from errno import EINVAL, EIO, ELOOP, ENOTSUP, EOVERFLOW, EREMOTE, ESTALE, EXDEV

from .._linux import mounts
from ..findings import Mounting, Outcome, Reason
from . import No, Unknown, _mounting, _overlay, directory, magic, overlay, probe, rename, xattr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._area import Area

_BTRFS = 0x9123683E
_ZFS = 0x2FC12FC1
# A refused overlay mount can do harm: an SMB server keeps the work directory for good; FUSE and 9p
# have set off kernel warnings. It did none on block devices, nor on these: btrfs, tmpfs, ramfs,
# overlay, NFS.
_FUSE = 0x65735546
_REMOTE = {_FUSE, 0xFF534D42, 0xFE534D42, 0x517B}  # and the three of SMB
_UNHARMED = {_BTRFS, 0x01021994, 0x858458F6, 0x794C7630, 0x6969}
_WANTED = (directory.d_type, rename.whiteout, xattr.overlay_opaque)
_LOOKED_AT = (*_WANTED, xattr.acl_removed)
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_OLDEST_FOR_FUSE = (4, 18)


@probe(
    "Is an overlay with its upper directory here accepted by mount(2)?",
    no=(EINVAL, ELOOP, ESTALE, EREMOTE, EXDEV, EIO, ENOTSUP, EOVERFLOW),
    capabilities=("CAP_SYS_ADMIN",),
    after=(overlay.upper, xattr.acl_removed),
)
def overlay2(area: Area) -> str:
    """The mount that dockerd and podman try; they use nothing of it.

    (moby daemon/graphdriver/overlayutils/overlayutils.go:SupportsOverlay; containers/storage
    drivers/overlay/overlay.go:supportsOverlay) Not mounted where the kernel is known to refuse it,
    nor where a refused mount may do harm (9p, FUSE, SMB; other servers are unknown), unless
    mounting is *always*.
    """
    if area.outcome(overlay.upper) is Outcome.YES:
        return "mounted already (see overlay.upper)"
    _overlay.refuse_unprivileged(area)
    if area.outcome(xattr.acl_removed) is Outcome.NO:
        return "not mounted: it would be, read-only (see xattr.acl_removed)"
    _refuse_remote(area)
    if area.mounting is not Mounting.ALWAYS and not _is_harmless(area):
        raise Unknown(Reason.UNSAFE, "a refused overlay mount may do harm on this file system")
    try:
        _overlay.try_upper(area)
    except mounts.MountError as error:
        raise _mounting.explained(error) from None
    return "mounted, and not used"


@probe("Is an overlay with its upper directory here refused, whoever mounts it?", after=_LOOKED_AT)
def refused(area: Area) -> str:
    """As far as it is known without a try: what overlay2 says no for, and a user can ask as well.

    Rootless podman then takes fuse-overlayfs, however little the kernel's overlay would find here.
    """
    lacking = _lacking(area)
    if not lacking:
        raise No("nothing is known for which the kernel would refuse it")
    return f"{lacking} is no, which is wanted here"


@probe("Would dockerd find the program fuse-overlayfs?")
def fuse_overlayfs(area: Area) -> str:
    """In the PATH that systemd gives a service (systemd.exec(5)), and on Linux 4.18 or later.

    That is all that dockerd asks (moby daemon/graphdriver/fuse-overlayfs/fuseoverlayfs.go:Init).
    Nothing is run. Where dockerd is not there either nobody knows yet what will be.
    """
    kernel = tuple(int(part) for part in area.host.kernel.split(".")[:2] if part.isdigit())
    if kernel < _OLDEST_FOR_FUSE:
        raise No(f"dockerd wants Linux 4.18 for it; this is {area.host.kernel}")
    return _program("fuse-overlayfs", ("dockerd",))


@probe("Would podman find the program fuse-overlayfs?")
def podman_fuse_overlayfs(_area: Area) -> str:
    """In the PATH that systemd gives a service; root's own may be another.

    That is all that podman, Buildah and CRI-O ask. (containers/storage
    drivers/overlay/overlay.go:Init) Nothing is run. Where none of them is there either nobody knows
    yet what will be.
    """
    return _program("fuse-overlayfs", ("podman", "buildah", "crio"))


@probe("Does podman without fuse-overlayfs fall back to vfs here, by the file system's name?")
def podman_vfs(area: Area) -> str:
    """statfs(2)'s f_type is that of aufs, overlay or eCryptfs, after which podman goes on to vfs.

    After other failures of its trial podman before 5.8.6 goes on to nothing. (containers/storage
    drivers/overlay/overlay.go:Init, ErrIncompatibleFS; drivers/driver.go:isDriverNotSupported)
    """
    number = _magic(area)
    if number not in magic.STACKED:
        raise No(f"f_type is {number:#x}")
    return magic.STACKED[number]


@probe("Do dockerd and podman take this for btrfs?")
def btrfs(area: Area) -> None:
    """statfs(2)'s f_type is BTRFS_SUPER_MAGIC.

    (moby daemon/graphdriver/btrfs/btrfs.go:Init; containers/storage drivers/btrfs/btrfs.go:Init)
    """
    if _magic(area) != _BTRFS:
        raise No(f"f_type is {_magic(area):#x}")


@probe("Would dockerd and podman manage this as a ZFS dataset?")
def zfs(area: Area) -> str:
    """statfs(2)'s f_type is ZFS's, and the program zfs is found.

    (moby daemon/graphdriver/zfs/zfs.go:Init, zfs_linux.go:checkRootdirFs; containers/storage
    drivers/zfs/zfs.go:Init) Nothing is run.
    """
    if _magic(area) != _ZFS:
        raise No(f"f_type is {_magic(area):#x}")
    return _program("zfs", ("dockerd", "podman"))


def _refuse_remote(area: Area) -> None:
    """Answer *no* where the kernel is known to refuse the mount.

    It wants all of these of a file system that revalidates its dentries.
    (fs/overlayfs/super.c:ovl_make_workdir, ovl_dentry_remote; fs/fuse/dir.c:fuse_dentry_operations,
    fs/smb/client/dir.c:cifs_dentry_ops)
    """
    if area.mounting is Mounting.ALWAYS:
        return
    lacking = _lacking(area)
    if lacking:
        raise No(f"not mounted, since {lacking} is no, which is wanted here", errno="EINVAL")


def _lacking(area: Area) -> str | None:
    if _magic(area) not in _REMOTE or area.outcome(xattr.acl_removed) is Outcome.NO:
        return None
    lacking = (probe for probe in _WANTED if area.outcome(probe) is Outcome.NO)
    return next((probe.id for probe in lacking), None)


def _is_harmless(area: Area) -> bool:
    number = _magic(area)
    on_a_device = area.mount is not None and bool(area.mount.devices)
    return number in _UNHARMED or (on_a_device and number != _FUSE)


def _magic(area: Area) -> int:
    if area.mount is None or area.mount.magic is None:
        raise Unknown(Reason.ERROR, "the file system could not be identified")
    return int(area.mount.magic, 16)


def _program(name: str, engines: tuple[str, ...]) -> str:
    found = _found(name)
    if found:
        return found
    if not any(map(_found, engines)):
        raise Unknown(Reason.SKIPPED, f"neither {name} nor {engines[0]} is installed yet")
    raise No(f"{name} is not in {_PATH}", errno="ENOENT")


def _found(name: str) -> str | None:
    places = (os.path.join(folder, name) for folder in _PATH.split(":"))
    return next((place for place in places if os.access(place, os.X_OK)), None)
