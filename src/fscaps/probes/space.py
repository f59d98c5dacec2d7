"""Room, and the ways of not wasting it."""

from __future__ import annotations

import mmap
import os
from errno import (
    EACCES,
    EBADF,
    EDQUOT,
    EFBIG,
    EINVAL,
    ENOSPC,
    ENOSYS,
    ENOTSUP,
    ENOTTY,
    EPERM,
    EROFS,
    ESPIPE,
    EXDEV,
)

from .._linux import calls, ioctls, libc
from .._linux.directory import read_all, write_all
from .._linux.libc import naming
from ..findings import Outcome, Reason
from . import Answer, No, Unknown, probe, skip
from ._area import random, setting_up, verifying

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._area import Area

_BLOCK = 65536
_DATA = "data"
"""A file of so many random bytes, which nobody changes."""
_HOLE = 1 << 20
_LARGE = 1 << 32


@probe("Is there room for more data?", no=(ENOSPC, EDQUOT, EROFS, EFBIG, EINVAL))
def writable(area: Area) -> None:
    """Write 64 KiB, sync them, have the page cache let go of them, and read them back."""
    data = random(_BLOCK)
    with area.scratch.file(_DATA, os.O_WRONLY | os.O_CREAT | os.O_EXCL) as fd:
        write_all(fd, data)
        calls.fsync(fd)
        with verifying(), naming("posix_fadvise"):
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    if _content(area, _DATA) != data:
        raise No("what was read back is not what was written")


def _content(area: Area, name: str, limit: int = _BLOCK) -> bytes:
    with verifying(), area.scratch.file(name) as fd:
        return read_all(fd, limit + 1)


@probe("How many bytes are free?")
def free(area: Area) -> Answer:
    """statvfs(3), bytes available to ordinary users; 0 is a *no*."""
    status = calls.fstatvfs(area.target.fd)
    value = status.f_bavail * status.f_frsize
    if status.f_blocks and not value:
        raise No("no block is free", value=0)
    return Answer(value=value)


@probe("How many inodes are free?")
def inodes(area: Area) -> Answer:
    """statvfs(3), inodes available to ordinary users; file systems without a limit say 0 of 0."""
    status = calls.fstatvfs(area.target.fd)
    if not status.f_files:
        return Answer("no limit is told")
    if not status.f_favail:
        raise No("no inode is free", value=0)
    return Answer(value=status.f_favail)


@probe("Does a sparse file stay sparse?", after=(writable,))
def sparse(area: Area) -> None:
    """ftruncate(2) to 1 MiB must take up far less than that, as st_blocks tells.

    Which tells nothing where also a file of random bytes, written and synced, has none.
    """
    area.build_on(writable, "there is no file to compare with")
    with verifying():
        if not area.scratch.stat(_DATA).st_blocks:
            raise Unknown(Reason.ERROR, "it is not told how much room a file takes up")
    with setting_up():
        fd = area.scratch.open("sparse", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        calls.ftruncate(fd, _HOLE)
        taken = calls.fstat(fd).st_blocks * 512
    finally:
        calls.close(fd)
    if taken > _HOLE // 2:
        raise No(f"an empty file of {_HOLE} bytes takes up {taken}")


@probe(
    "Can a file be made longer, and be written anywhere in it?",
    no=(EINVAL, EPERM, EACCES, ENOSPC, EDQUOT, EFBIG, EROFS, ENOTSUP, ENOSYS, ESPIPE, EBADF),
)
def extend(area: Area) -> None:
    """Open a written file again, ftruncate(2) it to 1 MiB, write within, sync; read all of it.

    As a file must allow that holds a file system. What only stores whole files (rclone without
    its cache) does not.
    """
    start, within = random(_BLOCK), random(_BLOCK)
    area.scratch.write("extended", start)
    fd = area.scratch.open("extended", os.O_RDWR)
    try:
        calls.ftruncate(fd, _HOLE)
        calls.lseek(fd, _HOLE // 2, os.SEEK_SET)
        write_all(fd, within)
        calls.fsync(fd)
    finally:
        calls.close(fd)
    gap = bytes(_HOLE // 2 - _BLOCK)
    if _content(area, "extended", _HOLE) != start + gap + within + gap:
        raise No("what was read back is not what was written")


@probe(
    "Can a file be longer than 4 GiB?",
    no=(EFBIG, EINVAL, ENOSPC, EDQUOT, EPERM, ENOTSUP, ENOSYS),
    after=(sparse, extend),
)
def large(area: Area) -> None:
    """Seek past 4 GiB, then make a sparse file that long and write behind its end.

    Where an empty file takes up room this is not tried: it would take all of it.
    """
    with setting_up():
        fd = area.scratch.open("large", os.O_RDWR | os.O_CREAT | os.O_EXCL)
    try:
        calls.lseek(
            fd, _LARGE, os.SEEK_SET
        )  # EINVAL past the limit of the file system (s_maxbytes)
        if area.outcome(sparse) is not Outcome.YES:
            skip("a file that long would take up 4 GiB here (see space.sparse)")
        data = random(_BLOCK)
        calls.ftruncate(fd, _LARGE)
        write_all(fd, data)
        with verifying():
            calls.lseek(fd, _LARGE, os.SEEK_SET)
            if read_all(fd, _BLOCK + 1) != data or calls.fstat(fd).st_size != _LARGE + _BLOCK:
                raise No("what was written behind 4 GiB is not what is read there")
    finally:
        calls.close(fd)


@probe("Can room be reserved (fallocate)?", no=(ENOTSUP, ENOSYS, EINVAL, EPERM))
def fallocate(area: Area) -> None:
    """fallocate(2) of 64 KiB, as etcd's log does; not posix_fallocate, which emulates."""
    with setting_up():
        fd = area.scratch.open("reserved", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        libc.call("fallocate", fd, 0, 0, _BLOCK)
        with verifying():
            size = calls.fstat(fd).st_size
        if size != _BLOCK:
            raise No("the file has another size than was reserved")
    finally:
        calls.close(fd)


@probe(
    "Can files share their blocks (reflink)?",
    no=(ENOTSUP, ENOTTY, EINVAL, EXDEV, EPERM, EACCES),
    after=(writable,),
)
def reflink(area: Area) -> None:
    """FICLONE of 64 KiB, which makes the copies of the vfs and native drivers cheap."""
    area.build_on(writable, "there is no file to clone")
    with setting_up():
        source = area.scratch.open(_DATA)
    try:
        with setting_up():
            target = area.scratch.open("clone", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            ioctls.clone(source, target)
        finally:
            calls.close(target)
    finally:
        calls.close(source)
    if _content(area, "clone") != _content(area, _DATA):
        raise No("the clone is another file than its original")


@probe("Can the page cache be bypassed (O_DIRECT)?", no=(EINVAL, ENOTSUP, EPERM))
def direct(area: Area) -> None:
    """Write one page with O_DIRECT; a loop device on such a file avoids caching twice."""
    fd = area.scratch.open("direct", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_DIRECT)
    try:
        with setting_up(), naming("mmap"):
            page = mmap.mmap(-1, mmap.PAGESIZE)
        with page:
            calls.write(fd, page)
    finally:
        calls.close(fd)
