"""Docker's data-root.

Sources are files of moby at v20.10.24 unless another version is named.
"""

from __future__ import annotations

import os
import re

from ..store import Store
from . import _daemons, _overlay
from ._look import LAYERS, examples, is_gone, small

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._look import Look

_PLACES = (
    "buildkit", "containerd", "containers", "fuse-overlayfs", "image", "network", "overlay2",
    "plugins", "rootfs", "swarm", "tmp", "vfs", "volumes",
)  # fmt: skip
_DRIVERS = ("overlay2", "fuse-overlayfs", "btrfs", "zfs", "vfs", "overlay", "aufs", "devicemapper")
_LAYERS_IN: dict[str, tuple[str, ...]] = {
    "overlay2": (),
    "fuse-overlayfs": (),
    "vfs": ("dir",),
    "btrfs": ("subvolumes",),
}
"""Below its own directory, where a driver keeps a directory for each layer."""
_FORGOTTEN = {"aufs": "24", "overlay": "24", "devicemapper": "25"}
"""Drivers that Docker has no more since that version, and then passes over."""
_SNAPSHOTTERS = 20
_UNMOUNTS = "daemon/graphdriver/overlay2/overlay.go:Cleanup, which unmounts overlay2/ at each stop"
_LOCKED = (
    ("volumes", "metadata.db"),
    ("buildkit", "cache.db"),
    ("containerd", "daemon", "io.containerd.metadata.v1.bolt", "meta.db"),
)
_CHAIN = re.compile(rb"[0-9a-f]{64}")
_SNAPSHOTTER = "io.containerd.snapshotter.v1."


def look(look: Look) -> Store | None:
    """The data-root, if it is one."""
    if not look.is_there("image") and not look.is_there("engine-id"):
        return None
    look.places(_PLACES, _UNMOUNTS, (*_LAYERS_IN, "rootfs"))
    _daemons.owned(
        look, look.owned("bbolt's flock(2): vendor/go.etcd.io/bbolt/bolt_unix.go:flock", *_LOCKED)
    )
    drivers = [driver for driver in _DRIVERS if look.is_filled(driver)]
    _several(look, drivers)
    layers = 0
    for driver in {**dict.fromkeys(drivers), "overlay2": None}:
        if driver not in _LAYERS_IN:
            look.limit(f"the layers of {driver} were not counted")
            continue
        with look.inside(driver, *_LAYERS_IN[driver]) as home:
            names = _overlay.layers_of(look.names(home))
        layers += len(names)
        if driver == "overlay2" and (names or look.is_there("image", driver)):
            source = "daemon/graphdriver/overlay2/overlay.go:Init, create, Get"
            _overlay.check_links(look, driver, names, source, mended=False)
            _overlay.check_attributes(look, (driver,), names, "diff")
    for driver in _LAYERS_IN:
        _lost(look, driver)
    drivers += _snapshotters(look)
    return Store(
        "docker", tuple(drivers), _versions(look), layers, tuple(look.problems), tuple(look.limits)
    )


def _several(look: Look, drivers: list[str]) -> None:
    """vfs does not count for dockerd, either."""
    counting = [driver for driver in drivers if driver != "vfs"]
    known = [driver for driver in counting if driver not in _FORGOTTEN]
    who = "dockerd"
    if len(known) < 2 and len(counting) > 1:  # noqa: PLR2004 - several
        who = f"Docker before {min(_FORGOTTEN[one] for one in counting if one in _FORGOTTEN)}"
    if len(counting) > 1:
        look.found(
            "several-drivers",
            f"Several storage drivers have something here: {', '.join(counting)}. {who} does not "
            "start unless one is chosen.",
            "daemon/graphdriver/driver.go:New, scanPriorDrivers",
            'set "storage-driver" in /etc/docker/daemon.json',
            breaks=len(known) > 1,
        )


def _lost(look: Look, driver: str) -> None:
    """Layers that image/ knows, and that are not there: overlay2/ was emptied or mounted over."""
    lost, halves = [], []
    place = (driver, *_LAYERS_IN[driver])
    with look.inside(*place) as home, look.inside("image", driver, "layerdb", "sha256") as chains:
        known = [name for name in look.names(chains) if _CHAIN.fullmatch(name)]
        for chain in known[:LAYERS]:
            if chains is None or look.late:
                break
            try:
                with chains.directory(chain) as metadata:
                    half = not metadata.exists("cache-id")
                    cache = (small(metadata, "cache-id") or b"").strip()
            except OSError:
                continue
            if half:
                halves.append(os.fsdecode(chain))
            elif not _is_name(cache):
                continue
            elif is_gone(home, cache) if home else look.is_gone(*place) or look.is_gone(driver):
                lost.append(os.fsdecode(cache))
    if len(known) > LAYERS:
        look.limit(f"{LAYERS} layers of image/{driver} were looked up")
    if lost:
        look.found(
            "layers-missing",
            f"image/{driver} knows layers that {driver} lacks: {examples(lost)}.",
            "layer/filestore.go:GetCacheID; daemon/graphdriver/overlay2/overlay.go:Get",
            f"look for a mount over {driver} (findmnt -R); else remove the images and pull anew",
        )
    if halves:
        look.found(
            "layers-half",
            f"Layers in image/{driver}/layerdb/sha256 have no cache-id: {examples(halves)}. "
            "Pulling such a layer again ends with: rename …: file exists.",
            "layer/filestore.go:Commit (moby#44909)",
            "stop dockerd and remove these directories",
        )


def _is_name(name: bytes) -> bool:
    return bool(name) and b"/" not in name and b"\0" not in name and name not in (b".", b"..")


def _snapshotters(look: Look) -> list[str]:
    """The snapshotters of the containerd that dockerd starts itself, and of the image store."""
    with look.inside("containerd", "daemon") as root:
        kept = [os.fsdecode(name) for name in look.names(root)]
    own = [
        name.removeprefix(_SNAPSHOTTER)
        for name in kept
        if name.startswith(_SNAPSHOTTER)
        and look.is_filled("containerd", "daemon", name, "snapshots")
    ]
    with look.inside("rootfs") as used:
        mounted = [os.fsdecode(name) for name in look.names(used, _SNAPSHOTTERS)]
    if mounted and not own:
        look.found(
            "layers-elsewhere",
            "The containerd image store is used: images and layers lie in containerd's root "
            f"(snapshotter {examples(mounted)}), not here.",
            "daemon/snapshotter/mount.go:target at docker-v29.7.2",
            "look at /var/lib/containerd as well",
            breaks=False,
        )
    return sorted({f"containerd/{name}" for name in (*own, *mounted)})


def _versions(look: Look) -> tuple[str, ...]:
    """What files tell that one version makes and another does not."""
    told = []
    if look.is_there("trust"):
        told.append("used by Docker 20.10 or older (trust)")
    if look.is_there("image", "identity-cache.db"):
        told.append("used by Docker 29.3 or newer (image/identity-cache.db)")
    elif look.is_there("buildkit", "history.db"):
        told.append("used by Docker 24.0 or newer (buildkit/history.db)")
    elif look.is_there("engine-id"):
        told.append("used by Docker 23.0 or newer (engine-id)")
    else:
        told.append("never started by Docker 23.0 or newer (no engine-id)")
    return tuple(told)
