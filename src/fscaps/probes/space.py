"""Room, and the ways of not wasting it."""

from __future__ import annotations

import mmap
import os
from errno import (
    EACCES,
    EDQUOT,
    EFBIG,
    EINVAL,
    ENOSPC,
    ENOSYS,
    ENOTSUP,
    ENOTTY,
    EPERM,
    EROFS,
    EXDEV,
)

from .._linux import ioctls, libc
from .._linux.directory import read_all, write_all
from .._linux.libc import naming
from . import Answer, No, probe
from ._area import setting_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._area import Area

_BLOCK = 65536
_HOLE = 1 << 20


@probe("Is there room for more data?", no=(ENOSPC, EDQUOT, EROFS, EFBIG, EINVAL))
def writable(area: Area) -> None:
    """Write 64 KiB, sync them, and read them back."""
    data = os.urandom(_BLOCK)
    fd = area.scratch.open("data", os.O_RDWR | os.O_CREAT | os.O_EXCL)
    try:
        with naming("write"):
            write_all(fd, data)
        with naming("fsync"):
            os.fsync(fd)
        os.lseek(fd, 0, os.SEEK_SET)
        with naming("read"):
            seen = read_all(fd, _BLOCK + 1)
        if seen != data:
            raise No("what was read back is not what was written")
    finally:
        os.close(fd)


@probe("How many bytes are free?")
def free(area: Area) -> Answer:
    """statvfs(3), bytes available to ordinary users; 0 is a *no*."""
    status = os.fstatvfs(area.target.fd)
    value = status.f_bavail * status.f_frsize
    if status.f_blocks and not value:
        raise No("no block is free", value=0)
    return Answer(value=value)


@probe("How many inodes are free?")
def inodes(area: Area) -> Answer:
    """statvfs(3), inodes available to ordinary users; file systems without a limit say 0 of 0."""
    status = os.fstatvfs(area.target.fd)
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
        os.ftruncate(fd, _HOLE)
        taken = os.fstat(fd).st_blocks * 512
    finally:
        os.close(fd)
    if taken > _HOLE // 2:
        raise No(f"an empty file of {_HOLE} bytes takes up {taken}")


@probe("Can room be reserved (fallocate)?", no=(ENOTSUP, ENOSYS, EINVAL, EPERM))
def fallocate(area: Area) -> None:
    """fallocate(2) of 64 KiB, as etcd's log does; not posix_fallocate, which emulates."""
    with setting_up():
        fd = area.scratch.open("reserved", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        libc.call("fallocate", fd, 0, 0, _BLOCK)
        if os.fstat(fd).st_size != _BLOCK:
            raise No("the file has another size than was reserved")
    finally:
        os.close(fd)


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
            if os.fstat(target).st_size != _BLOCK:
                raise No("the clone has another size than its original")
        finally:
            os.close(target)
    finally:
        os.close(source)


@probe("Can the page cache be bypassed (O_DIRECT)?", no=(EINVAL, ENOTSUP, EPERM))
def direct(area: Area) -> None:
    """Write one page with O_DIRECT; a loop device on such a file avoids caching twice."""
    fd = area.scratch.open("direct", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_DIRECT)
    try:
        with mmap.mmap(-1, mmap.PAGESIZE) as page, naming("write"):
            os.write(fd, page)
    finally:
        os.close(fd)
