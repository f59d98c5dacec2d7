"""Directories: whether one can be made here, and what reading one tells."""

from __future__ import annotations

import itertools
import os
import stat
from errno import (
    EACCES,
    EBUSY,
    EDQUOT,
    EINVAL,
    EIO,
    ENOENT,
    ENOSPC,
    ENOSYS,
    ENOTEMPTY,
    EOVERFLOW,
    EPERM,
    EROFS,
    ESTALE,
    EUCLEAN,
)

from .._linux import calls, ioctls, mountinfo
from ..findings import Reason
from . import No, Unknown, probe
from ._area import setting_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .._linux.listing import Entry
    from ._area import Area

_KINDS = "kinds"
_OF_THE_C_LIBRARY = 32768
"""Bytes (glibc sysdeps/unix/sysv/linux/opendir.c: __alloc_dir)."""
_FEW = 8
"""How many of the entries that are there already are looked at."""
_MOST = 10000
"""Among how many entries they, or one, are looked for."""
_KIND_NAMES = {"f": "file", "d": "directory", "l": "symlink", "p": "FIFO"}


@probe(
    "Can a directory be made here?",
    no=(EROFS, ENOSPC, EDQUOT, EPERM, EACCES, EOVERFLOW, EIO, EUCLEAN, ENOSYS),
    capabilities=("CAP_DAC_OVERRIDE",),
)
def writable(area: Area) -> None:
    """Whether the scratch directory could be made, which everything else depends on.

    EIO is how a file system answers that has been shut down, EUCLEAN one that is corrupt, ENOSYS
    one by FUSE that is only read (squashfuse), EOVERFLOW an idmapped mount on which this user has
    no id (fs/namei.c:may_create), and ENOENT one of the kernel's own (proc), unless the directory
    was removed meanwhile.
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


def _kinds(area: Area) -> frozenset[bytes]:
    """Make a directory with one entry of each kind that can be made here; the entries' names."""

    def make() -> frozenset[bytes]:
        with area.scratch.mkdir(_KINDS) as kinds:
            kinds.write("file", b"")
            kinds.make("directory")
            made = [_try(kinds.symlink, "file", "symlink"), _try(kinds.mkfifo, "fifo")]
        return frozenset((b"file", b"directory", *(name for name in made if name)))

    return area.once(_KINDS, make)


def _try(make: Callable[..., None], *names: str) -> bytes:
    """Make an entry, of the last name; no name if that fails, which has probes of its own."""
    try:
        make(*names)
    except OSError:
        return b""
    return names[-1].encode()


def _entries(area: Area) -> Iterator[tuple[Entry, os.stat_result]]:
    """Entries of each kind, or those that are there already where none can be made."""
    if isinstance(area.directory, Exception):
        entries = _there(area)
        if not entries:
            area.scratch  # noqa: B018 - raises, and says why
        yield from entries
        return
    made = _kinds(area)
    with area.scratch.directory(_KINDS) as kinds:
        listed = list(kinds.entries())
        missing = made - {entry.name for entry in listed}
        if missing:
            raise No(f"the listing leaves out {os.fsdecode(min(missing))}, which was made just now")
        for entry in listed:
            yield entry, kinds.stat(entry.name)


def _there(area: Area) -> list[tuple[Entry, os.stat_result]]:
    """The first entries that are there, without directories of another device: subvolumes."""
    device = calls.fstat(area.target.fd).st_dev
    first = [(entry, area.target.stat(entry.name)) for entry in _first(area)]
    return [
        (entry, status)
        for entry, status in first
        if status.st_dev == device or not stat.S_ISDIR(status.st_mode)
    ]


def _itself(area: Area) -> list[tuple[Entry, os.stat_result]]:
    """A directory without entries as an entry of the one above it, if that is of the same mount."""
    is_empty = isinstance(area.directory, Exception) and not _first(area)
    if not is_empty or area.mount is None or area.resolved == area.mount.point:
        return []
    name = os.fsencode(area.resolved).rpartition(b"/")[2]
    with area.target.directory("..") as above:
        listed = itertools.islice(above.entries(), _MOST)
        return [(entry, calls.fstat(area.target.fd)) for entry in listed if entry.name == name]


def _first(area: Area) -> list[Entry]:
    """A few entries that may be looked at: not what is mounted there, which may be dead.

    Of an automounter's none: whoever looks at one waits while it is mounted or given up.
    """
    if area.mount and area.mount.type == "autofs":
        return []
    mounted = mountinfo.names_below(area.resolved)
    listed = itertools.islice(area.listed.entries(), _MOST)
    return list(itertools.islice((one for one in listed if one.name not in mounted), _FEW))


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
    """d_ino, as getdents64(2) tells it, against st_ino of each kind of entry."""
    for entry, status in _entries(area):
        if entry.inode != status.st_ino:
            name = os.fsdecode(entry.name)
            raise No(f"{name}: d_ino {entry.inode}, st_ino {status.st_ino}")


@probe("Has each file an inode number of its own when a directory is read?")
def distinct(area: Area) -> None:
    """d_ino of files that are not the same. A FUSE server that tells none gives all the same one.

    (libfuse lib/fuse.c: FUSE_UNKNOWN_INO) What has the same number in a container as in its image
    moby's change walker takes for unchanged (go-archive changes_linux.go:walk).
    """
    seen: dict[int, tuple[int, bytes]] = {}
    for entry, status in _entries(area):
        file, name = seen.setdefault(entry.inode, (status.st_ino, entry.name))
        if file != status.st_ino:
            both = f"{os.fsdecode(name)} and {os.fsdecode(entry.name)}"
            raise No(f"{both} both have d_ino {entry.inode}")


@probe("Can 32 KiB of a directory be read at a time?", no=(EINVAL,), after=(writable,))
def block(area: Area) -> None:
    """getdents64(2) with the buffer of the C library's readdir(3); the engines' own is smaller.

    Linux 6.18 asks a FUSE server for as much, and davfs2 says EINVAL to more than 16 KiB.
    (fs/fuse/readdir.c:fuse_readdir_uncached)
    """
    listed = area.listed if isinstance(area.directory, Exception) else area.directory
    next(listed.entries(_OF_THE_C_LIBRARY), None)


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
