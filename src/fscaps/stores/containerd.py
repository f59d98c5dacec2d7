"""containerd's root.

Sources are files of containerd at v2.3.4 unless another version is named.
"""

from __future__ import annotations

import os
import re

from ..store import Store
from . import _overlay

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._look import Look

_PREFIX = "io.containerd.snapshotter.v1."
_BOLT = "io.containerd.metadata.v1.bolt"
_KEEP = {f"{_PREFIX}{name}" for name in ("overlayfs", "native", "btrfs", "blockfile", "erofs")}
"""Snapshotters with a directory for each snapshot; devmapper and zfs have none."""
_NUMBER = re.compile(rb"[0-9]{1,19}")


def look(look: Look) -> Store | None:
    """The root, if it is one."""
    with look.inside() as root:
        names = [os.fsdecode(name) for name in look.names(root)]
    parts = [name for name in names if name.startswith("io.containerd.")]
    look.places(parts, "cmd/containerd/server/server.go:LoadPlugins")
    look.owned(
        "bbolt's flock(2): vendor/go.etcd.io/bbolt/bolt_unix.go:flock",
        (_BOLT, "meta.db"),
        *((part, "metadata.db") for part in parts if part.startswith(_PREFIX)),
    )
    if look.lacks(_BOLT, "meta.db"):
        look.found(
            "database-missing",
            f"{_BOLT}/meta.db is not there: containerd knows none of what lies here.",
            "plugins/metadata/plugin.go",
            "look for a mount over it; else containerd starts empty",
        )
    drivers, layers = [], 0
    for part in parts:
        if part.startswith(_PREFIX) and not look.late:
            count = _snapshots(look, part)
            layers += count
            drivers += [part.removeprefix(_PREFIX)] if count else []
    return Store(
        "containerd", tuple(drivers), _versions(parts), layers, tuple(look.problems),
        tuple(look.limits),
    )  # fmt: skip


def _snapshots(look: Look, part: str) -> int:
    """The number of a snapshotter's directories; what does not fit together becomes a problem."""
    with look.inside(part, "snapshots") as home:
        gone = home is None and look.is_gone(part, "snapshots")
        numbers = [name for name in look.names(home) if _NUMBER.fullmatch(name)]
    database = look.is_there(part, "metadata.db")
    if database and gone and part in _KEEP:
        look.found(
            "layers-missing",
            f"{part} has a metadata.db and no snapshots.",
            "plugins/snapshots/overlay/overlay.go:NewSnapshotter, upperPath",
            "look for a mount over it; else remove the images and pull anew",
        )
    if numbers and look.lacks(part, "metadata.db"):
        look.found(
            "database-missing",
            f"{part}/metadata.db is not there, but {len(numbers)} snapshots are.",
            "core/snapshots/storage/metastore.go:NewMetaStore",
            "remove the directory with containerd stopped, and pull anew",
        )
    if part == f"{_PREFIX}overlayfs":
        _overlay.check_attributes(look, (part, "snapshots"), numbers, "fs")
    return len(numbers)


def _versions(parts: list[str]) -> tuple[str, ...]:
    if "io.containerd.runtime.v1.linux" in parts:
        return ("used by containerd before 2.0 (io.containerd.runtime.v1.linux)",)
    return ()
