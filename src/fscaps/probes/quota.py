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

_REFUSED = (ENOSYS, ENOTSUP, ENOTTY, ESRCH, EINVAL, ENOTBLK, EACCES, EPERM)


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
    if not ioctls.project_quota_enforced(area.scratch.path("device")):
        raise No("project quota is not both accounted and enforced")
