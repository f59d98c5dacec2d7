"""Stores that engines have laid down: one file for each engine, read and never written to.

Whoever made what lies here may be hostile: nothing is opened but directories and regular files,
through no symbolic link, and only so much of it as ``Look`` allows.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._linux.directory import Directory
    from ..store import Store

# What each of them always has, whatever its version and driver.
_SIGNS = {
    "docker": ("containers", "network", "volumes"),
    "containers_storage": ("storage.lock",),
    "containerd": ("io.containerd.metadata.v1.bolt",),
}


def look(target: Directory, seconds: float) -> Store | None:
    """The store in this directory, if an engine has one there; it is looked at for that long.

    Raises OSError if the directory cannot be looked into.
    """
    seen = (name for name, signs in _SIGNS.items() if all(map(target.exists, signs)))
    name = next(seen, None)
    if name is None:
        return None
    from ._look import Look  # noqa: PLC0415 - most directories are no store

    store: Store | None = import_module(f"{__name__}.{name}").look(Look(target, seconds))
    return store
