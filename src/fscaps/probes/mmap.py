"""Shared memory mappings of a file, on which bbolt and SQLite rest."""

from __future__ import annotations

import mmap
import os
from errno import EACCES, EINVAL, EIO, ENODEV, ENOSYS, ENOTSUP

from .._linux import calls
from .._linux.libc import naming
from . import No, probe
from ._area import setting_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._area import Area

_PAGE = mmap.PAGESIZE


@probe(
    "Do a shared mapping and read(2)/write(2) see each other?",
    no=(ENODEV, EACCES, EINVAL, ENOTSUP, ENOSYS, EIO),
)
def coherent(area: Area) -> None:
    """Write through a MAP_SHARED mapping and pread; pwrite and look into the mapping.

    bbolt reads by mapping and writes by pwrite (etcd-io/bbolt bolt_unix.go:mmap).
    """
    with setting_up():
        area.scratch.write("mapped", bytes(_PAGE))
        fd = area.scratch.open("mapped", os.O_RDWR)
    try:
        with naming("mmap"):
            memory = mmap.mmap(fd, _PAGE)
        with memory:
            memory[0:6] = b"memory"
            if calls.pread(fd, 6, 0) != b"memory":
                raise No("what was written to the mapping is not what pread returns")
            calls.pwrite(fd, b"file", 100)
            if memory[100:104] != b"file":
                raise No("what was written by pwrite is not in the mapping")
    finally:
        calls.close(fd)
