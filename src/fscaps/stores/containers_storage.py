"""The graphroot of containers/storage: Podman, Buildah, CRI-O.

Sources are files of containers/storage at v1.43.0 (Podman 4.3) unless another is named.
"""

from __future__ import annotations

import json
import os

from ..store import Store
from . import _overlay
from ._look import LAYERS, examples, is_gone, small

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._look import Look

_DRIVERS = ("overlay", "vfs", "btrfs", "zfs", "aufs")
_LAYERS_IN: dict[str, tuple[str, ...]] = {
    "overlay": (),
    "vfs": ("dir",),
    "btrfs": ("subvolumes",),
}
"""Below its own directory, where a driver keeps a directory for each layer."""
_LAYERS_JSON = 4 << 20


def look(look: Look) -> Store | None:
    """The graphroot, if it is one."""
    kept = [driver for driver in _DRIVERS if look.is_there(f"{driver}-layers")]
    if not kept:
        return None
    places = [f"{driver}{part}" for driver in kept for part in _PARTS]
    look.places([*places, "libpod", "volumes"], "drivers/overlay/overlay.go:Init")
    look.owned("pkg/lockfile/lockfile_unix.go", ("storage.lock",))
    layers, drivers = 0, []
    for driver in kept:
        if driver not in _LAYERS_IN:
            look.limit(f"the layers of {driver} were not counted")
            drivers += [driver] if look.is_filled(driver) else []
            continue
        with look.inside(driver, *_LAYERS_IN[driver]) as home:
            names = _overlay.layers_of(look.names(home))
        layers += len(names)
        drivers += [_title(look, driver)] if names else []
        if driver == "overlay":
            source = "drivers/overlay/overlay.go:get, recreateSymlinks"
            _overlay.check_links(look, driver, names, source, mended=True)
            _overlay.check_attributes(look, (driver,), names, "diff")
        _lost(look, driver)
    return Store(
        "containers-storage",
        tuple(drivers),
        _versions(look),
        layers,
        tuple(look.problems),
        tuple(look.limits),
    )


_PARTS = ("", "-containers", "-images", "-layers")


def _title(look: Look, driver: str) -> str:
    with look.inside(driver) as home:
        fuse = small(home, ".has-mount-program") == b"true"
    return f"{driver} with a mount program" if fuse else driver


def _lost(look: Look, driver: str) -> None:
    """Layers that are in the table and not on the disk."""
    place = (driver, *_LAYERS_IN[driver])
    with look.inside(*place) as home, look.inside(f"{driver}-layers") as tables:
        text = small(tables, "layers.json", _LAYERS_JSON)
        if text is None:
            return
        known = _ids(text)
        if known is None:
            look.limit(f"{driver}-layers/layers.json was not read: too long, or no JSON")
            return
        lost = [
            layer
            for layer in known[:LAYERS]
            if not look.late
            and (is_gone(home, layer) if home else look.is_gone(*place) or look.is_gone(driver))
        ]
    if len(known) > LAYERS:
        look.limit(f"{LAYERS} layers of {driver}-layers were looked up")
    if lost:
        look.found(
            "layers-missing",
            f"{driver}-layers/layers.json knows layers that {driver} lacks: {examples(lost)}.",
            "layers.go:Load; drivers/overlay/overlay.go:get",
            f"look for a mount over {driver} (findmnt -R); else podman system check --repair "
            "(since 5.2) or podman system reset",
        )


def _ids(text: bytes) -> list[str] | None:
    if len(text) >= _LAYERS_JSON:
        return None
    try:
        found = [layer["id"] for layer in json.loads(text)]
        return [
            layer
            for layer in found
            if isinstance(layer, str) and _overlay.layers_of([os.fsencode(layer)])
        ]
    except (ValueError, KeyError, TypeError, RecursionError):  # half a surrogate is no text, either
        return None


def _versions(look: Look) -> tuple[str, ...]:
    told = []
    if look.is_there("defaultNetworkBackend"):
        told.append("used by Podman 4.0 or newer (defaultNetworkBackend)")
    if look.is_there("libpod", "bolt_state.db"):
        told.append("first used by Podman before 4.8, or set to BoltDB (libpod/bolt_state.db)")
    if look.is_there("db.sql") or look.is_there("libpod", "db.sql"):
        told.append("used by Podman 4.5 or newer (db.sql)")
    return tuple(told)
