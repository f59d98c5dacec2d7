"""Directories: whether one can be made here, and what reading one tells."""

from __future__ import annotations

import itertools
import os
import stat
from errno import (
    EACCES,
    EBUSY,
    EDQUOT,
    EIO,
    ENOENT,
    ENOSPC,
    ENOTEMPTY,
    EPERM,
    EROFS,
    ESTALE,
    EUCLEAN,
)

from .._linux import calls, ioctls
from ..findings import Reason
from . import No, Unknown, probe
from ._area import setting_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .._linux.directory import Directory, Entry
    from ._area import Area

_KINDS = "kinds"
_ALWAYS = {b"file", b"directory"}
"""Entries without which the listing of that directory is not whole, and tells nothing."""
_MOST = 10000
"""Of how many entries one is looked for."""
_KIND_NAMES = {"f": "file", "d": "directory", "l": "symlink", "p": "FIFO"}


@probe(
    "Can a directory be made here?",
    no=(EROFS, ENOSPC, EDQUOT, EPERM, EACCES, EIO, EUCLEAN),
    capabilities=("CAP_DAC_OVERRIDE",),
)
def writable(area: Area) -> None:
    """Whether the scratch directory could be made, which everything else depends on.

    EIO is how a file system answers that has been shut down, EUCLEAN one that is corrupt, and
    ENOENT one of the kernel's own (proc), unless the directory was removed meanwhile.
    """
    if isinstance(area.directory, OSError) and area.directory.errno == ENOENT and _is_there(area):
        raise No("mkdir: No such file or directory", errno="ENOENT")
    if isinstance(area.directory, Exception):
        raise area.directory


def _is_there(area: Area) -> bool:
    try:
        found = os.stat(area.resolved)
    except OSError:
        return False
    return os.path.samestat(found, calls.fstat(area.target.fd))


@probe("Is the directory free of the immutable and the append-only flag?")
def changeable(area: Area) -> None:
    """chattr(1) +i and +a, read by FS_IOC_GETFLAGS: the mode and owner of such a directory stay."""
    if ioctls.is_immutable(area.listed.fd):
        raise No("the directory is immutable (chattr +i)", errno="EPERM")
    if ioctls.is_append_only(area.listed.fd):
        raise No("the directory is append-only (chattr +a)", errno="EPERM")


@probe("Is the path where its file system is mounted?")
def mount_point(area: Area) -> None:
    """The resolved path against the mount's own, as mountinfo tells. Nothing is tried."""
    if area.mount is None:
        raise Unknown(Reason.ERROR, "the mount could not be found in /proc/self/mountinfo")
    if area.resolved != area.mount.point:
        raise No(f"it is mounted on {area.mount.point}")


def _kinds(area: Area) -> Directory:
    """A directory with one entry of each kind that can be made here."""
    if area.scratch.exists(_KINDS):
        return area.scratch.directory(_KINDS)
    with setting_up():
        kinds = area.scratch.mkdir(_KINDS)
        kinds.write("file", b"")
        kinds.mkdir("directory").close()
    _try(kinds.symlink, "file", "symlink")
    _try(kinds.mkfifo, "fifo")
    return kinds


def _try(make: Callable[..., None], *names: str) -> None:
    try:
        make(*names)
    except OSError:
        return  # symlink and node have probes of their own


def _entries(area: Area) -> Iterator[tuple[Entry, os.stat_result]]:
    """Entries of each kind, or those that are there already where none can be made."""
    if isinstance(area.directory, Exception):
        entries = [(entry, area.target.stat(entry.name)) for entry in _first(area.listed)]
        if not entries:
            area.scratch  # noqa: B018 - raises, and says why
        yield from entries
        return
    with _kinds(area) as kinds:
        listed = list(kinds.entries())
        missing = _ALWAYS - {entry.name for entry in listed}
        if missing:
            raise No(f"the listing leaves out {os.fsdecode(min(missing))}, which was made just now")
        for entry in listed:
            yield entry, kinds.stat(entry.name)


def _itself(area: Area) -> list[tuple[Entry, os.stat_result]]:
    """A directory without entries as an entry of the one above it, if that is of the same mount."""
    is_empty = isinstance(area.directory, Exception) and not _first(area.listed)
    if not is_empty or area.mount is None or area.resolved == area.mount.point:
        return []
    name = os.fsencode(area.resolved).rpartition(b"/")[2]
    with area.target.directory("..") as above:
        listed = itertools.islice(above.entries(), _MOST)
        return [(entry, calls.fstat(area.target.fd)) for entry in listed if entry.name == name]


def _first(directory: Directory) -> list[Entry]:
    return list(itertools.islice(directory.entries(), 8))


@probe("Does reading a directory tell the type of its entries (d_type)?")
def d_type(area: Area) -> str:
    """getdents64(2) of a directory that holds a file, a directory, a symlink and a FIFO.

    Without it overlay lists whiteouts as files (fs/overlayfs/readdir.c:ovl_cache_entry_new).
    ``.`` and ``..`` are left out: they are typed even where nothing else is. Of an empty directory
    in which nothing can be made, it is asked how the one above it lists it.
    """
    seen = []
    for entry, status in _itself(area) or _entries(area):
        kind = stat.filemode(status.st_mode)[0].replace("-", "f")
        if entry.type == 0:
            raise No("the type is given as unknown (DT_UNKNOWN)")
        if entry.type != stat.S_IFMT(status.st_mode) >> 12:
            raise No(f"an entry of kind {kind} has type {entry.type}")
        seen.append(_KIND_NAMES.get(kind, kind))
    return ", ".join(sorted(set(seen)))


@probe("Does reading a directory give the inode numbers that stat gives?")
def inode(area: Area) -> None:
    """d_ino against st_ino. moby's change walker skips what has d_ino 0 and prunes equals.

    (moby/go-archive changes_linux.go:walk)
    """
    for entry, status in _entries(area):
        if entry.inode != status.st_ino:
            name = os.fsdecode(entry.name)
            raise No(f"{name}: d_ino {entry.inode}, st_ino {status.st_ino}")


@probe(
    "Can a directory be removed while a file deleted from it is still open?",
    no=(ENOTEMPTY, EBUSY, ESTALE),
)
def open_unlink(area: Area) -> None:
    """Delete an open file, read it, remove its directory. NFS keeps ``.nfsXXXX`` (silly rename)."""
    with setting_up(), area.scratch.mkdir("busy") as busy:
        busy.write("open", b"still here")
        fd = busy.open("open")
    try:
        with area.scratch.directory("busy") as busy:
            busy.unlink("open")
            if calls.read(fd, 16) != b"still here":
                raise No("the deleted file's content was lost to its reader")
            area.scratch.rmdir("busy")
    finally:
        calls.close(fd)
