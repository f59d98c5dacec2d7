"""What engines make of a file system's name (statfs(2)'s f_type), whatever it can.

Only for what an engine itself refuses by name: no judgement of ours rests on one.
"""

from __future__ import annotations

from ..findings import Reason
from . import No, Unknown, probe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._area import Area

# containers/storage v1.59.1 drivers/overlay/overlay.go:Init; linux/magic.h
STACKED = {0x61756673: "aufs", 0x794C7630: "overlay", 0xF15F: "eCryptfs"}
_ZFS = {0x2FC12FC1: "ZFS"}
# The same, isNetworkFileSystem; the numbers from drivers/driver_linux.go.
_NETWORK = {
    0x6969: "NFS",
    0x517B: "SMB",
    0x61636673: "ACFS",
    0x5346414F: "AFS",
    0x00C36400: "Ceph",
    0xFF534D42: "CIFS",
    0x47504653: "GPFS",
    0x013111A8: "IBRIX",
    0x6B414653: "AFS",
    0x0BD00BD0: "Lustre",
    0x564C: "NCP",
    0x6E667364: "nfsd",
    0x7461636F: "OCFS2",
    0xAAD7AAEA: "PanFS",
    0x7C7C6673: "Parallels shared folders",
    0xFE534D42: "SMB",
    0xBEEFDEAD: "StorNext",
    0x786F4256: "VirtualBox shared folders",
    0xA501FCF5: "VxFS",
}
_BEEGFS = {0x19830326: "BeeGFS"}  # v1.52.0 had it as FHGFS, its name before 2014


# apptainer v1.4.5 internal/pkg/util/fs/overlay/overlay_linux.go:incompatibleFs
_NO_UPPER = {
    0x6969: "NFS",
    0x65735546: "FUSE",
    0xF15F: "eCryptfs",
    0x0BD00BD0: "Lustre",
    0x47504653: "GPFS",
    0xAAD7AAEA: "PanFS",
}


def _refuse_listed(area: Area, listed: dict[int, str], who: str = "podman") -> str:
    if area.mount is None or area.mount.magic is None:
        raise Unknown(Reason.ERROR, "the file system could not be identified")
    number = int(area.mount.magic, 16)
    if number in listed:
        raise No(f"{who} has {listed[number]} ({area.mount.magic}) on its list")
    return area.mount.magic


@probe("Does podman not refuse the kernel's overlay here by the file system's name?")
def podman_overlay(area: Area) -> str:
    """*No* on aufs, overlay and eCryptfs. Nothing is tried.

    (containers/storage drivers/overlay/overlay.go:Init)
    """
    return _refuse_listed(area, STACKED)


@probe("Does podman before 4.4 not refuse the kernel's overlay here, which it did over ZFS?")
def podman_zfs(area: Area) -> str:
    """*No* on ZFS. Nothing is tried.

    (containers/storage drivers/overlay/overlay.go:Init, until v1.44.0)
    """
    return _refuse_listed(area, _ZFS)


@probe("Does rootless podman not take this for a network file system?")
def podman_rootless(area: Area) -> str:
    """*No* on the nineteen that it lists, OCFS2 and VirtualBox among them. Nothing is tried.

    (containers/storage drivers/overlay/overlay.go:isNetworkFileSystem)
    """
    return _refuse_listed(area, _NETWORK)


@probe("Does rootless podman before 5.0 not take this for BeeGFS, which it listed as well?")
def podman_beegfs(area: Area) -> str:
    """*No* on BeeGFS. Nothing is tried.

    (containers/storage drivers/overlay/overlay.go:isNetworkFileSystem, until v1.52.0)
    """
    return _refuse_listed(area, _BEEGFS)


@probe("Does Apptainer not refuse a writable overlay here by the file system's name?")
def apptainer_overlay(area: Area) -> str:
    """*No* on NFS, FUSE, eCryptfs, Lustre, GPFS and PanFS, whatever they can. Nothing is tried.

    (apptainer internal/pkg/util/fs/overlay/overlay_linux.go:CheckUpper)
    """
    return _refuse_listed(area, _NO_UPPER, "Apptainer")
