"""The driver that podman picks where nobody names one.

The trial of the kernel's overlay decides first. Where it fails, the program fuse-overlayfs is
taken if it is installed. If it is not: Init fails, and New goes on to the next driver only after
some failures. (drivers/driver.go:New, isDriverNotSupported; drivers/overlay/overlay.go:Init)
"""

from __future__ import annotations

from ...model import Driver, Need
from ...probes import driver
from ._drivers import (
    ACCEPTED,
    D_TYPE,
    DELETES,
    LISTED,
    LISTED_ZFS,
    PRIVATE,
    WHITEOUT,
    ZFS_TAKEN,
)
from ._graphroot import NO_PROGRAM, OPTION, WRITABLE

_TRIAL = (WRITABLE, D_TYPE, WHITEOUT, OPTION, PRIVATE, ACCEPTED, DELETES)
_PROGRAM = Need(
    (driver.podman_fuse_overlayfs,),
    because="podman takes fuse-overlayfs where the trial of the kernel's overlay fails, if that "
    "program is installed.",
    source="drivers/overlay/overlay.go:Init (exec.LookPath)",
)
_REFUSED_BY_NAME = Need(
    (driver.podman_vfs,),
    because="After a refusal by the file system's name podman goes on to the next driver.",
    source="drivers/overlay/overlay.go:Init (ErrIncompatibleFS)",
)
_ON_BTRFS = Need(
    (driver.btrfs,),
    because="The next driver is btrfs.",
    source="drivers/btrfs/btrfs.go:Init",
)
_ON_ZFS = Need(
    (driver.zfs,),
    because="Then zfs, if the program zfs is installed.",
    source="drivers/zfs/zfs.go:Init",
)

_FULL_COPY = "copies every layer and every container in full"
_ONCE = (
    "only the first start works, for the trial leaves overlay/ behind, which the next start takes "
    'for the driver in use, and fails: "prior storage driver overlay failed". Before the first '
    "start, install fuse-overlayfs or name the driver in storage.conf; later that takes podman "
    "system reset"
)
_VFS = f"{_FULL_COPY}; {_ONCE}"

DRIVERS = (
    Driver("overlay", "podman/overlay", (*_TRIAL, LISTED, LISTED_ZFS)),
    Driver("zfs", None, (*_TRIAL, _ON_ZFS), _ONCE, before=ZFS_TAKEN),
    Driver("vfs", "podman/vfs", (*_TRIAL, _REFUSED_BY_NAME), _VFS),
    Driver(
        "fuse-overlayfs",
        "podman/fuse-overlayfs",
        (WRITABLE, _PROGRAM),
        "slower, and what is built with it may be wrong",
    ),
    Driver("btrfs", None, (WRITABLE, _ON_BTRFS), _ONCE, since=NO_PROGRAM),
    Driver("zfs", None, (WRITABLE, _ON_ZFS), _ONCE, since=NO_PROGRAM),
    Driver("vfs", "podman/vfs", (WRITABLE, _REFUSED_BY_NAME), _VFS, before=NO_PROGRAM),
    Driver("vfs", "podman/vfs", (WRITABLE,), _VFS, since=NO_PROGRAM),
)
"""In its order. Where none is left, podman does not start."""
