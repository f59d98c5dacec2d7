"""What is found at a name in a mounted overlay, to be compared after an unmount and a second mount.

An entry is a dictionary of what was seen, empty where nothing stands.
"""

from __future__ import annotations

import stat

from . import No

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from typing import Union

    from .._linux.directory import Directory

    # A file's content, or that of each file in a directory; None of what is neither, or not there.
    Content = Union[bytes, dict[bytes, bytes], None]
    Entry = Mapping[str, object]

_TOLD = {"mode": "st_mode", "owner": "st_uid", "group": "st_gid", "device": "st_rdev"}
_OF_FILES = {"link count": "st_nlink", "time": "st_mtime_ns"}
"""Of directories overlay makes these up."""


def entry(place: Directory, name: str, content: Content) -> Entry:
    """The entry as lstat(2) sees it, with the content that it is known to have."""
    return {**_told(place.stat(name)), "content": content}


def differing(place: Directory, name: str, expected: Entry) -> None:
    """Raise No unless all of the entry is found at the name."""
    found = _found(place, name)
    if not found and expected:
        raise No(f"{name} was there before the unmount, and is gone")
    for what, seen in found.items():
        before = expected.get(what)
        if seen != before:
            raise No(f"{name}: {what} was {_short(before)} before the unmount, now {_short(seen)}")


def _found(place: Directory, name: str) -> Entry:
    try:
        status = place.stat(name)
    except FileNotFoundError:
        return {}
    return {**_told(status), "content": _content(place, name, status.st_mode)}


def _told(status: os.stat_result) -> Entry:
    wanted = _TOLD if stat.S_ISDIR(status.st_mode) else {**_TOLD, **_OF_FILES}
    return {what: getattr(status, attribute) for what, attribute in wanted.items()}


def _content(place: Directory, name: str, mode: int) -> Content:
    if stat.S_ISREG(mode):
        return place.read(name)
    if not stat.S_ISDIR(mode):
        return None  # a FIFO or a device is not opened
    with place.directory(name) as child:
        return {file: child.read(file) for file in child.names()}


def _short(what: object) -> str:
    return repr(what)[:40]
