"""What a container must see of an image, and how what it sees differs.

`expected()` applies the layers by the rules of the OCI image specification, in ten lines of its
own; `differences()` holds a container's root against that, seen from the host.
"""

from __future__ import annotations

import errno
import os
import stat
import tarfile
from typing import TYPE_CHECKING, Dict

from lab.image import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from lab.image import Layer

Tree = Dict[str, Entry]
RETURNED = "there, but should not be"


def expected(layers: Sequence[Layer]) -> dict[str, Entry]:
    """Apply the layers one upon the other."""
    tree: dict[str, Entry] = {}
    for layer in layers:
        for entry in layer:  # what a whiteout hides is of the layers below
            parent, name = os.path.split(entry.path)
            if name == ".wh..wh..opq":
                _remove(tree, parent, itself=False)
            elif name.startswith(".wh."):
                _remove(tree, f"{parent}/{name[4:]}")
        for entry in layer:
            if not os.path.basename(entry.path).startswith(".wh."):
                if entry.type != tarfile.DIRTYPE:
                    _remove(tree, entry.path)
                tree[entry.path] = entry
    return tree


def _remove(tree: dict[str, Entry], path: str, *, itself: bool = True) -> None:
    for other in [known for known in tree if known.startswith(f"{path}/")]:
        del tree[other]
    if itself:
        tree.pop(path, None)


def differences(root: Path, tree: Mapping[str, Entry], below: Sequence[str]) -> list[str]:
    """Say what is different, below some top directories of a container's root."""
    wanted = {path: entry for path, entry in tree.items() if path.split("/")[0] in below}
    found = {path for top in below for path in _walk(root, top)}
    lines = [f"{path!r}: {RETURNED}" for path in sorted(found - set(wanted))]
    for path, entry in wanted.items():
        if path not in found:
            lines.append(f"{path!r}: missing")
        else:
            lines += [f"{path!r}: {line}" for line in _entry_differences(root, entry, wanted)]
    return lines


def _walk(root: Path, top: str) -> Iterator[str]:
    yield top
    for parent, directories, files in os.walk(root / top):
        for name in (*directories, *files):
            yield os.path.relpath(os.path.join(parent, name), root)


_KINDS = {
    tarfile.REGTYPE: stat.S_IFREG,
    tarfile.DIRTYPE: stat.S_IFDIR,
    tarfile.SYMTYPE: stat.S_IFLNK,
    tarfile.FIFOTYPE: stat.S_IFIFO,
    tarfile.CHRTYPE: stat.S_IFCHR,
    tarfile.BLKTYPE: stat.S_IFBLK,
}


def _entry_differences(root: Path, entry: Entry, tree: Mapping[str, Entry]) -> Iterator[str]:
    path = root / entry.path
    try:
        status = path.lstat()
        if entry.type == tarfile.LNKTYPE:
            if status.st_ino != (root / entry.target).lstat().st_ino:
                yield "no longer a link to the same file"
            return
        links = sum(other.target == entry.path and other.type == tarfile.LNKTYPE
                    for other in tree.values())  # fmt: skip
        yield from _status_differences(entry, status, 1 + links)
        if entry.type == tarfile.SYMTYPE and os.readlink(path) != entry.target:
            yield f"leads to {os.readlink(path)}"
        if entry.type == tarfile.REGTYPE and path.read_bytes() != entry.content:
            yield "another content"
        for name, value in entry.xattrs.items():
            yield from _attribute_differences(path, name, value)
    except OSError as error:
        yield str(error.strerror)


def _attribute_differences(path: Path, name: str, value: bytes) -> Iterator[str]:
    """By its name, as the kernel asks for a capability: not every file system lists what it has."""
    try:
        if os.getxattr(path, name, follow_symlinks=False) != value:
            yield f"another {name}"
    except OSError as error:
        if error.errno not in {errno.ENODATA, errno.ENOTSUP}:
            raise
        yield f"without {name}"


def _status_differences(entry: Entry, status: os.stat_result, links: int) -> Iterator[str]:
    if stat.S_IFMT(status.st_mode) != _KINDS[entry.type]:
        yield f"is a {stat.filemode(status.st_mode)}"
        return
    if entry.type != tarfile.SYMTYPE and stat.S_IMODE(status.st_mode) != entry.mode:
        yield f"mode {stat.S_IMODE(status.st_mode):o}, not {entry.mode:o}"
    if (status.st_uid, status.st_gid) != (entry.uid, entry.gid):
        yield f"owner {status.st_uid}:{status.st_gid}, not {entry.uid}:{entry.gid}"
    if entry.type in {tarfile.CHRTYPE, tarfile.BLKTYPE}:
        device = (os.major(status.st_rdev), os.minor(status.st_rdev))
        if device != entry.device:
            yield f"device {device}, not {entry.device}"
    # Docker itself does not keep the times of directories that it copies into a volume.
    volume = entry.type == tarfile.DIRTYPE and entry.path.split("/")[0] == "vol"
    if status.st_mtime_ns != entry.mtime_ns and not volume:
        cut = status.st_mtime_ns // 10**9 == entry.mtime_ns // 10**9
        yield f"modified {status.st_mtime_ns}, not {entry.mtime_ns}" if cut else "another time"
    if entry.type != tarfile.DIRTYPE and status.st_nlink != links:
        yield f"{status.st_nlink} links, not {links}"
