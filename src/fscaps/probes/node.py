"""Nodes that are neither file nor directory: whiteouts, devices, FIFOs, sockets."""

from __future__ import annotations

import os
import stat
import struct
from errno import EACCES, EINVAL, EIO, ENODEV, ENOENT, ENOSYS, ENOTSUP, ENXIO, EPERM, EROFS

from .._linux import calls, libc
from ..findings import Reason
from . import No, Unknown, probe, rename, skip
from ._area import setting_up, verifying

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._linux.directory import Directory
    from ._area import Area

_REFUSED = (EPERM, EACCES, EINVAL, EIO, ENXIO, ENOTSUP, ENODEV, ENOENT, ENOSYS, EROFS)
_NULL = os.makedev(1, 3)
_AF_UNIX, _SOCK_STREAM = 1, 1


def _check(place: Directory, name: str, kind: int, device: int = 0) -> None:
    """Raise No unless lstat(2) sees the node that was asked for; some servers only say so."""
    with verifying():
        try:
            status = place.stat(name)
        except FileNotFoundError:
            raise No("the call succeeded, and nothing is there", errno="ENOENT") from None
    if stat.S_IFMT(status.st_mode) != kind or status.st_rdev != device:
        mode = stat.filemode(status.st_mode)
        raise No(f"the call succeeded and made {mode}, device {status.st_rdev:#x}")


@probe(
    "Can a whiteout be made (mknod c 0 0)?",
    no=_REFUSED,
    capabilities=("CAP_MKNOD",),
    after=(rename.whiteout,),
)
def whiteout(area: Area) -> None:
    """The character device 0/0 with which overlay and layer unpackers mark a deleted name.

    Free of CAP_MKNOD since Linux 5.8 (fs/namei.c:vfs_mknod). Not asked where a rename's whiteout
    vanished: fuse-overlayfs takes the node for one of its own, says ENOENT, and can then often
    not remove the directory any more.
    """
    earlier = area.findings.get(rename.whiteout.id)
    if earlier and earlier.errno == "ENOENT":
        raise Unknown(Reason.UNSAFE, "the node could not be removed here (see rename.whiteout)")
    area.scratch.mknod("whiteout", stat.S_IFCHR, 0)
    _check(area.scratch, "whiteout", stat.S_IFCHR)


@probe("Is nothing else left where a whiteout was to be made?", after=(whiteout,))
def left(area: Area) -> str:
    """lstat(2) of what mknod(2) has made or refused: some servers make a file, and say EIO.

    What is copied here as a whiteout then hides nothing, without a word or with one.
    """
    asked = area.findings.get(whiteout.id)
    if asked and asked.reason is Reason.UNSAFE:
        skip("no whiteout was made (see node.whiteout)")
    if isinstance(area.directory, OSError):
        return "nothing at all can be made"
    if area.scratch.exists("whiteout"):
        _check(area.scratch, "whiteout", stat.S_IFCHR)
    return ""


@probe("Can a device node be made?", no=_REFUSED, capabilities=("CAP_MKNOD",))
def device(area: Area) -> None:
    """A second ``/dev/null`` (c 1 3), as images carry them."""
    area.scratch.mknod("null", stat.S_IFCHR | 0o600, _NULL)
    _check(area.scratch, "null", stat.S_IFCHR, _NULL)


@probe("Can a device node be opened?", no=(EACCES, ENXIO, EPERM, ENOENT), after=(device,))
def device_open(area: Area) -> None:
    """Write to the node that ``device`` made; EACCES on a mount with ``nodev``."""
    if area.mount_flags & os.ST_NODEV:
        raise No("the mount has nodev", errno="EACCES")
    # What a server made in its place may well open.
    area.build_on(device, "there is no device node to open")
    with area.scratch.device("null", _NULL) as fd, verifying():
        calls.write(fd, b"-")


@probe("Can a FIFO be made?", no=_REFUSED)
def fifo(area: Area) -> None:
    """mkfifo(3), verified by lstat(2)."""
    area.scratch.mkfifo("fifo")
    _check(area.scratch, "fifo", stat.S_IFIFO)


@probe("Can a unix socket be bound?", no=_REFUSED)
def socket(area: Area) -> None:
    """bind(2) of an AF_UNIX socket, verified by lstat(2)."""
    # By hand: the socket module costs more to load than all that is done here.
    address = struct.pack("=H", _AF_UNIX) + area.scratch.path("socket") + b"\0"
    with setting_up():
        fd = libc.call("socket", _AF_UNIX, _SOCK_STREAM, 0)
    try:
        libc.call("bind", fd, address, len(address))
    finally:
        calls.close(fd)
    _check(area.scratch, "socket", stat.S_IFSOCK)
