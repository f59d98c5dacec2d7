"""Shared memory mappings of a file, on which bbolt and SQLite rest.

Another process maps it, because a page that cannot be read ends who looks at it (SIGBUS).
"""

from __future__ import annotations

from errno import EACCES, EINVAL, EIO, ENODEV, ENOSYS, ENOTSUP

from . import No, probe
from ._area import setting_up, verifying
from ._others import another

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._area import Area


@probe(
    "Do a shared mapping and read(2)/write(2) see each other?",
    no=(ENODEV, EACCES, EINVAL, ENOTSUP, ENOSYS, EIO),
)
def coherent(area: Area) -> None:
    """Write through a MAP_SHARED mapping and pread; pwrite and look into the mapping.

    bbolt reads by mapping and writes by pwrite (etcd-io/bbolt bolt_unix.go:mmap).
    """
    with setting_up():
        process = another(area)
        process.hold(area.page)
    process.map()
    with verifying():
        unseen = process.use_map()
    if unseen:
        raise No(unseen)
