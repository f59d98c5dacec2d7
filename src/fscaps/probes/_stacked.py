"""Overlays above a layer and above each other, in whichever mount namespace this process is."""

from __future__ import annotations

import os
from errno import EINVAL

from .._linux import calls, mounts
from .._linux.directory import Directory
from ._area import setting_up
from ._overlay import Held


def above(here: Directory, layer: str, point: bytes) -> Directory:
    """An overlay of that layer, with its upper and itself on the file system mounted at a point."""
    with setting_up():
        local = Directory(calls.open(point, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
    with local:
        with setting_up():
            for name in ("upper", "work", "merged"):
                local.mkdir(name).close()
        with Held() as held:
            options: dict[str, str | None] = {
                "lowerdir": held.path(here, layer),
                "upperdir": held.path(local, "upper"),
                "workdir": held.path(local, "work"),
            }
            mounts.attached("overlay", os.fsencode(held.path(local, "merged")), options)
        return local.directory("merged")


def one_more(here: Directory, top: str) -> bool:
    """Mount one more overlay over what is on top; False if the kernel says that it is too many."""
    try:
        with Held() as held:
            layers = f"{held.path(here, top)}:{held.path(here, 'l1')}"
            point = os.fsencode(held.path(here, "merged"))
            mounts.attached("overlay", point, {"lowerdir": layers})
    except OSError as error:
        if error.errno != EINVAL:
            raise
        return False
    return True
