"""FUSE on this host, for drivers that mount through it. Nothing here is asked of the path."""

from __future__ import annotations

import os
from errno import ENODEV, ENOENT, ENXIO

from .._linux import calls
from .._linux.libc import naming
from . import probe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._area import Area

_DEVICE = "/dev/fuse"


@probe("Can this host mount FUSE file systems?", no=(ENOENT, ENODEV, ENXIO))
def device(_area: Area) -> None:
    """Open ``/dev/fuse`` and close it again, which may load the kernel's module.

    A container without that device says *no* of a host that may have it.
    """
    with naming(f"open {_DEVICE}"):
        calls.close(calls.open(_DEVICE, os.O_RDWR | os.O_CLOEXEC))
