"""FUSE on this host, for drivers that mount through it. Nothing here is asked of the path."""

from __future__ import annotations

import os
from errno import ENODEV, ENOENT, ENXIO

from .._linux import calls, mountinfo
from .._linux.libc import naming
from ..findings import Reason
from . import Unknown, probe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._area import Area

_DEVICE = "/dev/fuse"


@probe("Can this host mount FUSE file systems?", no=(ENOENT, ENODEV, ENXIO))
def device(_area: Area) -> None:
    """Open ``/dev/fuse`` and close it again, which may load the kernel's module.

    That it is missing from a container's own ``/dev`` says nothing of the host.
    """
    open_device()


def open_device() -> None:
    """What device() asks, by whoever asks."""
    try:
        with naming(f"open {_DEVICE}"):
            calls.close(calls.open(_DEVICE, os.O_RDWR | os.O_CLOEXEC))
    except FileNotFoundError as error:
        if not _is_the_machines(os.path.dirname(_DEVICE)):
            why = f"{error.strerror}; this /dev is a container's, not the machine's own"
            raise Unknown(Reason.PRIVILEGE, why, errno="ENOENT") from None
        raise


def _is_the_machines(folder: str) -> bool:
    """Whether the kernel itself makes the device nodes there (devtmpfs)."""
    fd = calls.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        mount = mountinfo.of(fd)
    finally:
        calls.close(fd)
    return mount is not None and mount.type == "devtmpfs"
