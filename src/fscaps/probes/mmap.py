"""Shared memory mappings of a file, on which bbolt and SQLite rest.

Another process maps it, because a page that cannot be read ends who looks at it (SIGBUS).
"""

from __future__ import annotations

import mmap
import os
from errno import EACCES, EINVAL, EIO, ENODEV, ENOSYS, ENOTSUP

from .._linux.directory import write_all
from .._linux.libc import naming
from ..findings import Outcome
from . import No, probe, skip
from ._area import PAGE, setting_up, verifying
from ._others import ONE_WAY, another

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._area import Area

_REFUSED = (ENODEV, EACCES, EINVAL, ENOTSUP, ENOSYS, EIO)


@probe(
    "Do a shared mapping and read(2)/write(2) see each other?",
    no=_REFUSED,
)
def coherent(area: Area) -> None:
    """pwrite and look into a MAP_SHARED mapping; write through that and pread."""
    with setting_up():
        process = another(area)
        process.hold(area.page)
    process.map()
    with verifying():
        unseen = process.use_map()
    if unseen:
        raise No(unseen)


@probe("Can a file be mapped by the descriptor that has made it?", no=_REFUSED)
def made(area: Area) -> None:
    """mmap(2), shared and to be read only, of a new file; nothing in it is looked at.

    davfs2 lets a file be mapped only once it is opened anew. (ENODEV: FOPEN_DIRECT_IO,
    fs/fuse/file.c:fuse_file_mmap)
    """
    with area.scratch.file("mapped", os.O_RDWR | os.O_CREAT | os.O_EXCL) as fd:
        with setting_up():
            write_all(fd, bytes(PAGE))
        with naming("mmap"):
            mmap.mmap(fd, PAGE, mmap.MAP_SHARED, mmap.PROT_READ).close()


@probe("Does a shared mapping show what is written by write(2)?", after=(coherent,))
def shown(area: Area) -> str:
    """Read from what the probe before it found, which asks the other way round as well.

    bbolt reads by mapping and writes by pwrite (etcd-io/bbolt bolt_unix.go:mmap); a 9p client that
    caches shows it so.
    """
    found = area.findings.get(coherent.id)
    if found is None or found.outcome is Outcome.UNKNOWN:
        skip("it is not known what a mapping shows (see mmap.coherent)")
    if found.outcome is Outcome.NO and found.detail != ONE_WAY:
        raise No(f"since {coherent.id} is no: {found.detail}", errno=found.errno)
    return "" if found.outcome is Outcome.YES else found.detail
