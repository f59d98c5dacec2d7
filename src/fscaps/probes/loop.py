"""A file system in a file on this path, by a loop device: asked by mounting a tiny one.

Such a file brings its own file system along, so it does not matter what the path's own lacks, as
long as that keeps what is written to one large file. Asked of root only, on Linux 5.8 or later,
with drivers that the kernel has loaded already, and not where an ordinary user is the server.
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager, suppress
from errno import EACCES, EBADF, EDQUOT, EFBIG, EINVAL, ENOSPC, ENOSYS, ENOTSUP, EPERM, EROFS

from .._linux import calls, loop as devices, mounts, system
from .._linux.directory import Directory, read_all, write_all
from .._linux.libc import naming
from .._linux.processes import Helper
from ..findings import Mounting, Outcome, Reason
from . import No, Unknown, _images, _layers, _overlay, probe, skip, space
from ._area import random, setting_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._linux.loop import Loop
    from ._area import Area

# EIO is not among them: below a loop device every failure is one, a passing one too.
_REFUSED = (EINVAL, ENOTSUP, EBADF, EROFS)

_NO = "no"
_PIECE = 65536
_SIZE = 1 << 20


@probe(
    "Can a loop device be put on a file here?",
    no=_REFUSED,
    capabilities=("CAP_SYS_ADMIN",),
    after=(space.extend,),
)
def device(area: Area) -> None:
    """LOOP_CONFIGURE: what the file holds is read through the device, what is written comes back.

    The device frees itself at its last close, also by SIGKILL. Not asked where no mount is wanted.
    """
    _refuse(area)
    _refuse_unextended(area)
    before, after = random(_PIECE), random(_PIECE)
    with setting_up():
        area.scratch.write("loop", before + bytes(_SIZE - _PIECE))
    with _attached(area, "loop") as attached:
        if _at(attached.fd, 0) != before:
            raise No("the device shows something else than the file holds")
        calls.lseek(attached.fd, _SIZE // 2, os.SEEK_SET)
        with naming("write to the device"):
            write_all(attached.fd, after)
        with naming("fsync of the device"):
            calls.fsync(attached.fd)
    fd = area.scratch.open("loop")
    try:
        if _at(fd, 0) != before or _at(fd, _SIZE // 2) != after:
            raise No("the file does not hold what was written through the device")
    finally:
        calls.close(fd)


@probe(
    "Can a loop device here bypass the page cache (direct I/O)?",
    no=_REFUSED,
    capabilities=("CAP_SYS_ADMIN",),
    after=(device,),
)
def direct(area: Area) -> None:
    """LO_FLAGS_DIRECT_IO, which the kernel drops without a word where the file system lacks it.

    Without it all is cached twice, and what another host writes to the image may never be seen.
    """
    _refuse_undone(area)
    with _attached(area, "loop", direct=True) as attached:
        with setting_up():
            is_direct = attached.direct
        if not is_direct:
            raise No("the kernel goes through the page cache instead")
        if _at(attached.fd, 0) != _at_start(area):
            raise No("the device shows something else than the file holds")


@probe(
    "Does a file system in a file here keep what is written to it?",
    no=_REFUSED,
    capabilities=("CAP_SYS_ADMIN",),
    after=(device,),
)
def ext4(area: Area) -> None:
    """Mount a tiny ext4 detached, write a file, unmount; mount it again and read that back."""
    _refuse_undone(area)
    _refuse_unknown("ext4")
    with setting_up():
        area.scratch.write("ext4", _images.ext4())
    content = random(_PIECE)
    with _attached(area, "ext4") as attached, _mounted("ext4", attached) as top:
        top.write("file", content)
    with _attached(area, "ext4", read_only=True) as again, _mounted("ext4", again) as top:
        fd = top.open("file")
        try:
            if read_all(fd, _PIECE + 1) != content:
                raise No("a file in the image has changed over an unmount")
        finally:
            calls.close(fd)


@probe(
    "Does overlay work on a file system in a file here?",
    no=_REFUSED,
    capabilities=("CAP_SYS_ADMIN",),
    after=(ext4,),
)
def overlay(area: Area) -> None:
    """On that ext4: mount an overlay, append, delete, re-make a directory, rename.

    In a mount namespace of a helper.
    """
    if area.outcome(ext4) is not Outcome.YES:
        skip("no ext4 was mounted (see loop.ext4)")
    _refuse_unknown("overlay")
    with setting_up():
        area.scratch.mkdir("mounted").close()
    with _attached(area, "ext4") as attached:
        with setting_up():
            helper = Helper(lambda _: _overlaid(area.scratch, attached))
        try:
            kind, _, detail = helper.ask("", area.seconds).partition(" ")
        finally:
            with setting_up():
                helper.end()  # waited for: it holds the device
    if kind == _NO:
        raise No(detail)
    if kind:
        code, _, words = detail.partition(" ")
        raise Unknown(Reason(kind), words, errno=code or None)


def _overlaid(scratch: Directory, attached: Loop) -> str:
    """In a helper: mount both, do as containers do, unmount both; a text is no *yes*."""
    try:
        with setting_up():
            here = _overlay.entered(scratch)
        mounts.attached("ext4", here.path("mounted"), {}, attached.path)
        with _unmounting(b"mounted"):  # relative: entered() left us in there
            _use(here)
    except No as no:
        return f"{_NO} {no.detail}"
    except Unknown as unknown:
        return f"{unknown.reason.value} {unknown.errno or ''} {unknown.detail}"
    return ""


def _use(here: Directory) -> None:
    with here.directory("mounted") as top:
        _layers.fill(top, whiteout=True, opaque=True)
        with _overlay.Held() as held:
            point, options = os.fsencode(held.path(top, "merged")), _overlay.options(held, top)
            _overlay.volatile(lambda extra: mounts.attached("overlay", point, {**options, **extra}))
        with _unmounting(b"mounted/merged"), top.directory("merged") as merged:
            _layers.see_merged(merged, whiteout=True, opaque=True)
            for use in (_layers.append, _layers.delete, _layers.make_again, _layers.move):
                use(merged)


@contextmanager
def _unmounting(point: bytes) -> Iterator[None]:
    """Unmount in the end; what went wrong before that is told, not that it is busy then."""
    try:
        yield
    except BaseException:
        with suppress(OSError):
            mounts.unmount(point)
        raise
    with setting_up():
        mounts.unmount(point)


@probe(
    "Can an EROFS image here be mounted read-only?",
    no=(*_REFUSED, ENOSPC, EDQUOT, EFBIG),
    capabilities=("CAP_SYS_ADMIN",),
)
def erofs(area: Area) -> None:
    """Mount a tiny one detached, through a loop device that cannot write, and read its file.

    It is written at a stretch, which storage allows that keeps whole files only.
    """
    _refuse(area)
    _refuse_unknown("erofs")
    if isinstance(area.directory, OSError) and area.directory.errno in (ENOSPC, EDQUOT):
        words = f"since directory.writable is no: {area.directory.strerror}"
        raise No(words, errno=errno.errorcode[area.directory.errno])
    area.scratch.write("erofs", _images.erofs())
    with _attached(area, "erofs", read_only=True) as attached, _mounted("erofs", attached) as top:
        if top.read(_images.EROFS_FILE) != _images.CONTENT:
            raise No("the file in the image is not what it was when the image was made")


def _refuse(area: Area) -> None:
    """End the probe where a device is unwanted, or not ours to make."""
    if area.mounting is Mounting.NEVER:
        skip("no mount was wanted, and no loop device is taken for anything else")
    if area.lacks(("CAP_SYS_ADMIN",)):
        where = _overlay.where(area)
        raise Unknown(Reason.PRIVILEGE, f"a loop device takes CAP_SYS_ADMIN{where}")
    if area.mounting is not Mounting.ALWAYS and _is_served_by_a_user(area):
        detail = "an ordinary user serves this file system, who could change the image we mount"
        raise Unknown(Reason.UNSAFE, detail)


def _is_served_by_a_user(area: Area) -> bool:
    """Whether a FUSE server is not root's: the kernel trusts what it mounts from a device."""
    options = area.mount.super_options if area.mount else ()
    return any(name.startswith("user_id=") and name != "user_id=0" for name in options)


def _refuse_unextended(area: Area) -> None:
    """Answer *no* without a device where the file alone has failed already."""
    found = area.findings.get(space.extend.id)
    if found and found.outcome is Outcome.NO:
        raise No(f"not tried, since {space.extend.id} is no: {found.detail}", errno=found.errno)


def _refuse_undone(area: Area) -> None:
    if area.outcome(device) is not Outcome.YES:
        skip("no loop device was had (see loop.device)")


def _refuse_unknown(fstype: str) -> None:
    """A mount would load the driver; that is for the administrator to decide."""
    with setting_up():
        known = system.knows_file_system(fstype)
    if not known:
        detail = f"the {fstype} driver is not loaded (modprobe {fstype})"
        raise Unknown(Reason.KERNEL, detail, errno="ENODEV")


@contextmanager
def _attached(
    area: Area, name: str, *, read_only: bool = False, direct: bool = False
) -> Iterator[Loop]:
    """A loop device on a file of the scratch directory."""
    with setting_up():
        fd = area.scratch.open(name, os.O_RDONLY if read_only else os.O_RDWR)
    try:
        with _had(fd, read_only=read_only, direct=direct) as attached:
            yield attached
    finally:
        calls.close(fd)


def _had(fd: int, *, read_only: bool, direct: bool) -> Loop:
    try:
        return devices.attach(fd, read_only=read_only, direct=direct)
    except devices.NoLoopError as error:
        raise Unknown(Reason.KERNEL, f"no loop device: {error}") from None
    except PermissionError as error:  # a container that may open no device
        raise Unknown(Reason.PRIVILEGE, f"no loop device: {error.strerror}") from None


def _mounted(fstype: str, attached: Loop) -> Directory:
    options: dict[str, str | None] = {"source": attached.path}
    if attached.read_only:
        options["ro"] = None
    try:
        return Directory(mounts.detached(fstype, options))
    except mounts.MountError as error:
        if error.errno == ENOSYS:
            detail = f"nothing can be mounted detached here ({error.strerror})"
            raise Unknown(Reason.KERNEL, detail, errno="ENOSYS") from None
        if error.errno in (EPERM, EACCES):  # a security module's
            name = errno.errorcode[error.errno]
            raise Unknown(Reason.PRIVILEGE, str(error.strerror), errno=name) from None
        raise


def _at(fd: int, offset: int) -> bytes:
    calls.lseek(fd, offset, os.SEEK_SET)
    return read_all(fd, _PIECE)


def _at_start(area: Area) -> bytes:
    with setting_up():
        return area.scratch.read("loop")
