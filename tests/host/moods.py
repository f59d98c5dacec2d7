"""File systems that the lab has no engine's row of: servers that refuse or lie, and mount options.

Each is one of the lab's file systems, and made and taken away in the same way.
"""

from __future__ import annotations

import os
import shutil
from errno import EINVAL, ENOENT, ENOLCK, ENOSYS, EPERM, EROFS
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.filesystems import FileSystem
from lab.mounts import mount, unmount
from lab.silent_fuse import memory_fuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lab.bench import Bench

_FUSE = ("fs:fuse", "/dev/fuse")
_MS_BIND, _MS_NOSYMFOLLOW = 4096, 256  # linux/mount.h
_NO_DEVICE = os.makedev(60, 0)  # devices.txt: of majors 60 to 63 no driver has any
_PROGRAM = "fuse-overlayfs"

_REFUSED = {
    **dict.fromkeys(("LINK", "RENAME", "SETATTR", "SETXATTR"), EPERM),
    **dict.fromkeys(("FSYNC", "FSYNCDIR"), EINVAL),
    **dict.fromkeys(("GETLK", "SETLK", "SETLKW"), ENOLCK),
}


def _served(**plan: Any) -> Callable[[Bench], Path]:
    def build(bench: Bench) -> Path:
        point = bench.directory("mnt")
        return bench.exits.enter_context(memory_fuse(point, **plan)).mountpoint

    return build


def _not_followed(bench: Bench) -> Path:
    point = bench.directory("mnt")
    mount("none", point, "tmpfs", _MS_NOSYMFOLLOW)
    return point


def _without_fuse(bench: Bench) -> Path:
    """A directory on a host whose FUSE has neither a driver nor a program."""
    device, program = bench.work / "device", bench.work / "program"
    os.mknod(device, 0o20666, _NO_DEVICE)
    device.chmod(0o666)
    program.touch(0o644)
    for instead, place in ((device, "/dev/fuse"), (program, shutil.which(_PROGRAM))):
        assert place is not None
        hidden = Path(place).resolve()
        mount(str(instead), hidden, "none", _MS_BIND)
        bench.exits.callback(unmount, hidden)
    return bench.directory("directory")


def _every() -> Iterator[FileSystem]:
    lies = ("inodes-untold", "names-composed", "names-short")
    yield FileSystem("fuse-odd-names", "Lies about names", _FUSE, _served(lies=lies))
    archive = _served(refuse={"MKDIR": ENOSYS})
    yield FileSystem("fuse-no-directories", "FUSE without mkdir", _FUSE, archive)
    guarded = _served(refuse={"MKNOD": EROFS})
    yield FileSystem("fuse-no-nodes", "FUSE whose nodes are read-only", _FUSE, guarded)
    faking = _served(lies=("nodes-faked",))
    yield FileSystem("fuse-nodes-faked", "FUSE of files in devices' places", _FUSE, faking)
    private = _served(options="default_permissions")
    yield FileSystem("fuse-private", "FUSE without allow_other", _FUSE, private)
    keeping = _served(refuse={"REMOVEXATTR": ENOENT})
    yield FileSystem("fuse-removes-no-attribute", "FUSE without removexattr", _FUSE, keeping)
    refusing = _served(refuse=_REFUSED)
    yield FileSystem("fuse-refusing", "FUSE that refuses operations", _FUSE, refusing)
    taking = _served(lies=("links-taken",))
    yield FileSystem("fuse-links-taken", "FUSE of links that are the linker's", _FUSE, taking)
    guarded = _served(lies=("links-guarded",))
    yield FileSystem("fuse-links-guarded", "FUSE of read-only hard links", _FUSE, guarded)
    following = _served(whole=True, lies=("links-followed",))
    yield FileSystem("fuse-links-followed", "FUSE that asks links' targets", _FUSE, following)
    late = _served(lies=("replace-late",))
    yield FileSystem("fuse-replace-late", "FUSE whose renames take their time", _FUSE, late)
    for lie in ("capability-of-owner", "upper-forgotten", "work-no-whiteouts"):
        upper = _served(whole=True, flags=True, lies=(lie,))
        yield FileSystem(f"fuse-{lie}", "An overlay's upper that lies", _FUSE, upper)
    yield FileSystem("tmpfs-nosymfollow", "tmpfs, nosymfollow", ("fs:tmpfs",), _not_followed)
    needs = ("/dev/fuse", _PROGRAM, "dockerd", "podman")
    yield FileSystem("without-fuse", "A host without FUSE", needs, _without_fuse)


MOODS = {system.name: system for system in _every()}
