"""Subvolumes of btrfs, of which Docker's btrfs driver makes one for each layer."""

from __future__ import annotations

from errno import EINVAL, ENOSYS, ENOTSUP, ENOTTY, EPERM, EROFS, ESTALE

from .._linux import calls, ioctls
from . import No, probe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._area import Area

_REFUSED = (ENOTTY, EINVAL, ENOTSUP, ENOSYS, EPERM, EROFS, ESTALE)
_CONTENT = b"in a subvolume"


@probe("Can a subvolume be made and destroyed (btrfs)?", no=_REFUSED)
def create(area: Area) -> None:
    """BTRFS_IOC_SUBVOL_CREATE and BTRFS_IOC_SNAP_DESTROY, with a file in between.

    (moby daemon/graphdriver/btrfs/btrfs.go:subvolCreate, subvolDelete) Where destroying is
    refused, rmdir(2) is tried, as moby does (Linux 4.18).
    """
    ioctls.make_subvolume(area.scratch.fd, b"subvolume")
    try:
        with area.scratch.directory("subvolume") as made:
            if calls.fstat(made.fd).st_ino != ioctls.SUBVOLUME_INODE:
                raise No("the call succeeded, and made no subvolume")
            made.write("file", _CONTENT)
            made.unlink("file")
    finally:
        _destroy(area, "subvolume")


@probe("Can a subvolume be cloned (btrfs snapshot)?", no=_REFUSED, after=(create,))
def snapshot(area: Area) -> None:
    """BTRFS_IOC_SNAP_CREATE_V2 of a subvolume with a file in it, which the snapshot must hold.

    (moby daemon/graphdriver/btrfs/btrfs.go:subvolSnapshot)
    """
    area.build_on(create, "no subvolume could be made")
    ioctls.make_subvolume(area.scratch.fd, b"cloned from")
    try:
        with area.scratch.directory("cloned from") as original:
            original.write("file", _CONTENT)
            ioctls.make_snapshot(original.fd, area.scratch.fd, b"clone of it")
        try:
            with area.scratch.directory("clone of it") as cloned:
                if cloned.read("file") != _CONTENT:
                    raise No("the snapshot holds other content than its original")
        finally:
            _destroy(area, "clone of it")
    finally:
        _destroy(area, "cloned from")


def _destroy(area: Area, name: str) -> None:
    try:
        ioctls.destroy_subvolume(area.scratch.fd, name.encode())
    except PermissionError:
        with area.scratch.directory(name) as remains:
            remains.clear()
        area.scratch.rmdir(name)
