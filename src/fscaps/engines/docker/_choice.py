"""Which storage driver dockerd takes by itself: its own checks, in its order."""

from __future__ import annotations

from dataclasses import replace

from ...model import Driver, Need
from ...probes import directory, driver
from ._containerd import SINCE
from ._daemon import WRITABLE
from ._overlay2 import OPTION, SHAREABLE

_BTRFS = Driver(
    "btrfs",
    "docker/data-root-btrfs",
    (
        WRITABLE,
        Need(
            (driver.btrfs,),
            because="dockerd takes its btrfs driver where statfs(2) says btrfs.",
            source="daemon/graphdriver/btrfs/btrfs.go:Init",
        ),
    ),
    "docker commit loses hard links; no page cache is shared between containers",
)
_ZFS = Driver(
    "zfs",
    None,
    (
        WRITABLE,
        Need(
            (driver.zfs,),
            because="dockerd takes its zfs driver where statfs(2) says ZFS and the program zfs is "
            "installed.",
            source="daemon/graphdriver/zfs/zfs.go:Init, zfs_linux.go:checkRootdirFs",
        ),
    ),
    "not judged here",
)
_GRAPHDRIVERS = (
    replace(_BTRFS, before="23"),
    replace(_ZFS, before="23"),
    Driver(
        "overlay2",
        "docker/data-root",
        (
            WRITABLE,
            OPTION,
            SHAREABLE,
            Need(
                (driver.overlay2,),
                because="dockerd tries an overlay mount, and uses nothing of it.",
                source="daemon/graphdriver/overlayutils/overlayutils.go:SupportsOverlay",
            ),
            Need(
                (directory.d_type,),
                because="dockerd passes over overlay2 where readdir does not tell types.",
                source="daemon/graphdriver/overlay2/overlay.go:Init",
            ),
        ),
    ),
    Driver(
        "fuse-overlayfs",
        "docker/data-root-fuse-overlayfs",
        (
            WRITABLE,
            Need(
                (driver.fuse_overlayfs,),
                because="dockerd takes fuse-overlayfs where that program is installed, and passes "
                "to the next where it is not: to vfs, unless this is btrfs or ZFS.",
                source="daemon/graphdriver/fuse-overlayfs/fuseoverlayfs.go:Init",
            ),
        ),
        "all that containers do to their files goes through a process in user space; device nodes "
        "do not open, and docker commit loses hard links",
    ),
    _BTRFS,
    _ZFS,
    Driver(
        "vfs",
        "docker/data-root-vfs",
        (WRITABLE,),
        "each layer and each container is a copy in full of all below it",
    ),
)
"""As Docker tries them (daemon/graphdriver/driver_linux.go:priority), without aufs, overlay and
devicemapper, which 20.10 tries before vfs."""
DRIVERS = (
    Driver(
        "containerd-store",
        "docker/data-root",
        (WRITABLE,),
        "unless a driver has left layers here, with which it stays",
        since=SINCE,
    ),
    *(replace(one, before=one.before or SINCE) for one in _GRAPHDRIVERS),
)
"""Docker 29 tries none on a data-root without layers, but takes containerd's store.

(moby docker-v29.7.2 daemon/image_store_choice.go:determineImageStoreChoice)
"""
