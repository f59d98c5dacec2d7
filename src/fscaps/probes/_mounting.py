"""Mounting an overlay in a namespace of our own, and what it means if that is refused."""

from __future__ import annotations

import os
import re
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
        what = "this kernel has no overlay" if code == ENODEV else "nothing can be mounted here"
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
            if _may_mount(place, name, point):
                raise
            # FS_USERNS_MOUNT (fs/overlayfs/super.c) is of Linux 5.11.
            reason = Reason.KERNEL if _kernel() < (5, 11) else Reason.PRIVILEGE
            detail = f"this process may mount no overlay, wherever it lies: {error.strerror}"
            raise Unknown(reason, detail, errno=errorcode[error.errno or EPERM]) from None


def _may_mount(place: Directory, name: str, point: bytes) -> bool:
    """Whether an overlay of two directories of a tmpfs, without an upper one, is let be mounted."""
    try:
        mounts.attached("tmpfs", point, {"mode": "700"})
    except mounts.MountError:
        return False
    with setting_up(), place.directory(name) as local:
        try:
            return _is_mounted_on(local)
        finally:
            mounts.detach(local.path("."))


def _is_mounted_on(local: Directory) -> bool:
    for name in ("l1", "l2", "merged"):
        local.make(name)
    with Held() as held:
        layers = f"{held.path(local, 'l2')}:{held.path(local, 'l1')}"
        point = os.fsencode(held.path(local, "merged"))
        try:
            mounts.attached("overlay", point, {"lowerdir": layers})
        except mounts.MountError:
            return False
    with local.directory("merged") as merged:
        mounts.detach(merged.path("."))
    return True


def _kernel() -> tuple[int, ...]:
    """The first two numbers of the kernel's release, such as 5.4.0-150-generic."""
    return tuple(int(number) for number in re.findall(r"\d+", os.uname().release)[:2])
