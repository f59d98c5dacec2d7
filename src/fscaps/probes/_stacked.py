"""Overlays above a layer and above each other, in whichever mount namespace this process is."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from errno import EINVAL
from itertools import islice

from .._linux import calls, mounts
from .._linux.directory import Directory
from . import _layers, _mounting
from ._area import random, setting_up
from ._overlay import Held

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._overlay import Options

_PLACES = (b"/sys", b"/dev")
_LOOKED_AT = 100
_READ = 4096


@contextmanager
def local() -> Iterator[Directory]:
    """A tmpfs of our own, in whichever mount namespace this process has entered.

    On a directory that is root's on any host, since where a path of somebody's leads may change
    between the mount and the look at it.
    """
    with setting_up():
        point = next((place for place in _PLACES if os.path.isdir(place)), _PLACES[0])
        mounts.attached("tmpfs", point, {"mode": "700"})
    try:
        with setting_up():
            opened = Directory(calls.open(point, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        with opened:
            yield opened
    finally:
        with setting_up():
            mounts.detach(point)


def above(here: Directory, layer: str, local: Directory) -> Directory:
    """An overlay of that layer, with its upper and itself in a local directory."""
    with setting_up():
        for name in ("upper", "work", "merged"):
            local.make(name)
    with Held() as held:
        options: Options = {
            "lowerdir": held.path(here, layer),
            "upperdir": held.path(local, "upper"),
            "workdir": held.path(local, "work"),
        }
        _mounting.attach(local, "merged", options)
    return local.directory("merged")


def change(merged: Directory) -> str:
    """Read, append to, delete and re-make what an engine's layer holds."""
    _layers.see_lower(merged)
    _layers.append(merged)
    _layers.delete(merged)
    _layers.make_again(merged)
    return "mounted, read and changed"


def look(merged: Directory, layer: Directory) -> str:
    """Make a new file, and read one that the layer holds, if it holds one for us to read.

    Through the overlay, which reaches into no other mount and leaves the time of access alone
    (fs/overlayfs/file.c:ovl_open_realfile).
    """
    with setting_up():
        new = f".fscaps-{random(8).hex()}"
    merged.write(new, b"")
    for entry in islice(layer.entries(), _LOOKED_AT):
        status = merged.stat(entry.name)
        if stat.S_ISREG(status.st_mode) and status.st_size and _reads(merged, entry.name):
            return "mounted, a file made in it and one read"
    return "mounted and a file made in it; there was none to read"


def _reads(merged: Directory, name: bytes) -> bool:
    """Whether a file may be read, and then can be."""
    try:
        file = merged.file(name)
    except PermissionError:
        return False  # as of any file, which says nothing of the layer
    with file as fd:
        calls.read(fd, _READ)
    return True


def one_more(here: Directory, top: str) -> bool:
    """Mount one more overlay over what is on top; False if the kernel says that it is too many."""
    try:
        with Held() as held:
            layers = f"{held.path(here, top)}:{held.path(here, 'l1')}"
            _mounting.attach(here, "merged", {"lowerdir": layers})
    except OSError as error:
        if error.errno != EINVAL:
            raise
        return False
    return True
