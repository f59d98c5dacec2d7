"""Project quota, which limits the size of a single container."""

from __future__ import annotations

import os
import stat
from errno import EACCES, EINVAL, ENOSYS, ENOTBLK, ENOTSUP, ENOTTY, EPERM, ESRCH

from .._linux import calls, ioctls
from . import No, probe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._area import Area

_REFUSED = (ENOTSUP, ENOTTY, ESRCH, EINVAL, ENOTBLK, EACCES, EPERM)


@probe(
    "Can the size of a directory tree be limited (project quota)?",
    no=_REFUSED,
    capabilities=("CAP_MKNOD", "CAP_SYS_ADMIN"),
)
def project(area: Area) -> None:
    """As moby asks before ``--storage-opt size=``: a block node of the device and Q_XGETQSTAT.

    (moby quota/projectquota.go:NewControl, hasQuotaSupport; overlay2 takes it on xfs only.)
    """
    ioctls.project_id(area.scratch.fd)
    device = calls.fstat(area.scratch.fd).st_dev
    if not os.major(device):
        raise No("the file system is on no block device")
    area.scratch.mknod("device", stat.S_IFBLK | 0o600, device)
    if not _is_enforced(area.scratch.path("device")):
        raise No("project quota is not both accounted and enforced")


def _is_enforced(device: bytes) -> bool:
    """ENOSYS is of the file system (fs/quota/quota.c:quota_getstate), or of a kernel without."""
    try:
        return ioctls.project_quota_enforced(device)
    except OSError as error:
        if error.errno == ENOSYS and ioctls.knows_quota():
            raise No(str(error.strerror), errno="ENOSYS") from None
        raise
