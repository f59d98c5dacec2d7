"""What a user without root can do here in a user namespace of his own, as rootless engines work.

For root on behalf of a user who has subordinate ids enough (subuid(5)), be it one made up; for a
user, as himself. The ids are mapped as podman and rootlesskit map them: 0 is the user, the rest his
subordinate ranges, one after the other.
"""

from __future__ import annotations

import os
from errno import (
    EACCES,
    EDQUOT,
    EINVAL,
    ENODATA,
    ENODEV,
    ENOENT,
    ENOSPC,
    ENOTSUP,
    ENXIO,
    EOVERFLOW,
    EPERM,
    errorcode,
)

from ..findings import Reason
from . import No, Unknown, _rootless, directory, mode, probe, skip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._area import Area

_REFUSED = (EPERM, EACCES, EINVAL, ENOTSUP, EOVERFLOW, ENOSPC, EDQUOT)


@probe(
    "Can a user's user namespace make and open files here?",
    no=_REFUSED,
    after=(directory.writable,),
)
def files(area: Area) -> None:
    """As root of the namespace: write and read a file; make a directory in one of mode 555.

    The top of a layer is such a directory. FUSE servers that check for themselves know nothing of
    the namespace's root and refuse.
    (containers/storage drivers/overlay/overlay.go:create, defaultPerms) Asked by a user who may
    make nothing here himself, it is *no*; what root may does not help him.
    """
    refusal = area.directory if isinstance(area.directory, OSError) else None
    if refusal and refusal.errno in _REFUSED and os.geteuid() != 0:
        raise No("this user can create nothing here", errno=errorcode[refusal.errno])
    _rootless.ask(area, "files")


@probe(
    "Can a user's user namespace give files to the user's subordinate ids?",
    no=_REFUSED,
    after=(files,),
)
def owners(area: Area) -> None:
    """lchown(2) of a file, a directory and a link to 1000 and 65535 of the namespace.

    To its last id where fewer are mapped, which is no fault of the file system. NFS, SMB and 9p
    servers refuse: to them the user is an ordinary user.
    """
    _rootless.ask(area, "owners")


@probe(
    "Does what a user's user namespace makes here belong to the group of who makes it?",
    after=(owners,),
)
def group(area: Area) -> None:
    """A file made in a directory of a subordinate group; with ``grpid`` it gets that group."""
    area.build_on(owners, "no directory could be given to another group")
    _rootless.ask(area, "group")


@probe("Has the user as many subordinate ids as images have owners?")
def ids(area: Area) -> str:
    """65535 in ``/etc/subuid`` and in ``/etc/subgid``, in whatever ranges; not the file system.

    Whoever has fewer cannot unpack an image with a file whose owner is above them: lchown(2) is
    EINVAL then. Asked by root it is about a user who has enough; name another with ``--as``.
    """
    return _rootless.check_ids(area)


@probe(
    "Do files keep a file capability that is set in a user's user namespace?",
    no=(*_REFUSED, ENODATA),
    after=(owners,),
)
def capability(area: Area) -> None:
    """security.capability, which the kernel stores with the namespace's root (Linux 4.14).

    (security/commoncap.c:cap_convert_nscap)
    """
    _rootless.ask(area, "capability")


@probe(
    "Is the setuid bit honoured in a user's user namespace?",
    no=_REFUSED,
    after=(owners,),
)
def setuid(area: Area) -> None:
    """Run a setuid program of a subordinate id; ``nosuid`` takes its effect away."""
    if not mode.program():
        skip("no program is known for this machine")
    if area.astray:  # fs/namespace.c:mnt_may_suid
        raise Unknown(Reason.ERROR, "the directory is seen from another mount namespace")
    _rootless.ask(area, "setuid")


@probe("May a user mount FUSE file systems?", no=(*_REFUSED, ENOENT, ENODEV, ENXIO), after=(files,))
def fuse(area: Area) -> None:
    """Open ``/dev/fuse`` as that user, in the user namespace in which he then mounts (Linux 4.18).

    udev makes the device open to all; where there is no udev it may be root's alone.
    """
    _rootless.ask(area, "fuse")
