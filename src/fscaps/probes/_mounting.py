"""Mounting an overlay in a namespace of our own, and what it means if that is refused."""

from __future__ import annotations

import os
from errno import EACCES, EIO, ENODEV, ENOSYS, EPERM, errorcode

from .._linux import mounts
from ..findings import Reason
from . import Unknown
from ._area import setting_up
from ._overlay import Held

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._linux.directory import Directory
    from ._overlay import Options

_REFUSALS = (EPERM, EACCES)


def explained(error: mounts.MountError) -> OSError | Unknown:
    """The mount's error, in the words of the kernel's own log where there are some.

    Being refused it says nothing of the file system: a security module may stand in the way.
    """
    code = error.errno or EIO
    named = error.log or str(error.strerror)
    if code in (ENODEV, ENOSYS):
        no_overlay = "this kernel has no overlay, or could not load it (modprobe overlay)"
        what = no_overlay if code == ENODEV else "nothing can be mounted here"
        return Unknown(Reason.KERNEL, f"{what} ({named})", errno=errorcode[code])
    if code in _REFUSALS:
        return Unknown(Reason.ERROR, named, errno=errorcode[code])
    return OSError(code, error.log or f"mount: {os.strerror(code)}")


def attach(place: Directory, name: str, options: Options) -> None:
    """Mount an overlay on a directory, in a namespace of our own.

    Being refused is an answer only where this process may mount an overlay elsewhere.
    """
    with Held() as held:
        point = os.fsencode(held.path(place, name))
        try:
            mounts.attached("overlay", point, options)
        except mounts.MountError as error:
            if error.errno not in _REFUSALS:
                raise explained(error) from None
            elsewhere = _refusal_elsewhere(place, name, point)
            if not elsewhere:
                raise
            detail = f"{elsewhere.says}: {error.strerror}"
            raise Unknown(elsewhere.reason, detail, errno=errorcode[error.errno or EPERM]) from None


class _Refusal:
    """That no overlay may be mounted, wherever its layers lie."""

    def __init__(self, reason: Reason, says: str) -> None:
        self.reason = reason
        self.says = says


_OURS = _Refusal(Reason.PRIVILEGE, "this process may mount no overlay, wherever it lies")
_OF_THE_KERNEL = _Refusal(
    Reason.KERNEL, "this kernel lets no user mount an overlay, wherever it lies"
)


def is_of_the_kernel(unknown: Unknown) -> bool:
    """Whether attach() has ended so because the kernel mounts overlays for root alone."""
    return unknown.reason is Reason.KERNEL and unknown.errno == errorcode[EPERM]


def _refusal_elsewhere(place: Directory, name: str, point: bytes) -> _Refusal | None:
    """How an overlay of two directories of a tmpfs, without an upper one, is refused; or None.

    Of whom the kernel lets mount a tmpfs it says EPERM where overlay is not of those that a user
    namespace may mount (fs/super.c:mount_capable), as before Linux 5.11. Security modules say
    EACCES.
    """
    try:
        mounts.attached("tmpfs", point, {"mode": "700"})
    except mounts.MountError:
        return _OURS
    with setting_up(), place.directory(name) as local:
        try:
            refused = _mounted_on(local)
        finally:
            mounts.detach(local.path("."))
    if not refused:
        return None
    return _OF_THE_KERNEL if refused == EPERM else _OURS


def _mounted_on(local: Directory) -> int:
    """The errno of a mount, or 0."""
    for name in ("l1", "l2", "merged"):
        local.make(name)
    with Held() as held:
        layers = f"{held.path(local, 'l2')}:{held.path(local, 'l1')}"
        point = os.fsencode(held.path(local, "merged"))
        try:
            mounts.attached("overlay", point, {"lowerdir": layers})
        except mounts.MountError as error:
            return error.errno or EIO
    with local.directory("merged") as merged:
        mounts.detach(merged.path("."))
    return 0
