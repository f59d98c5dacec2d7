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
from ..findings import Outcome
from . import Answer, No, probe, skip
from ._area import random, setting_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._area import Area

_BLOCK = 65536
_HOLE = 1 << 20
_LARGE = 1 << 32


@probe("Is there room for more data?", no=(ENOSPC, EDQUOT, EROFS, EFBIG, EINVAL))
def writable(area: Area) -> None:
    """Write 64 KiB, sync them, and read them back."""
    data = random(_BLOCK)
    fd = area.scratch.open("data", os.O_RDWR | os.O_CREAT | os.O_EXCL)
    try:
        write_all(fd, data)
        calls.fsync(fd)
        calls.lseek(fd, 0, os.SEEK_SET)
        seen = read_all(fd, _BLOCK + 1)
        if seen != data:
            raise No("what was read back is not what was written")
    finally:
        calls.close(fd)


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


@probe("Does a sparse file stay sparse?")
def sparse(area: Area) -> None:
    """ftruncate(2) to 1 MiB must take up far less than that."""
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
    fd = area.scratch.open("extended")
    try:
        seen = read_all(fd, _HOLE + 1)
    finally:
        calls.close(fd)
    if seen != start + gap + within + gap:
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
        if calls.fstat(fd).st_size != _BLOCK:
            raise No("the file has another size than was reserved")
    finally:
        calls.close(fd)


@probe(
    "Can files share their blocks (reflink)?", no=(ENOTSUP, ENOTTY, EINVAL, EXDEV, EPERM, EACCES)
)
def reflink(area: Area) -> None:
    """FICLONE of 64 KiB, which makes the copies of the vfs and native drivers cheap."""
    with setting_up():
        area.scratch.write("original", bytes(_BLOCK))
        source = area.scratch.open("original")
    try:
        with setting_up():
            target = area.scratch.open("clone", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            ioctls.clone(source, target)
            if calls.fstat(target).st_size != _BLOCK:
                raise No("the clone has another size than its original")
        finally:
            calls.close(target)
    finally:
        calls.close(source)


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
