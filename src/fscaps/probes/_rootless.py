"""A process that is root in a user's own user namespace, as rootless engines are."""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from .._linux import calls, mounts, subordinate, xattrs
from .._linux.directory import Directory
from .._linux.libc import naming
from .._linux.processes import Helper, HelperDiedError, HelperTimeoutError, die_with
from ..findings import Reason
from . import No, Unknown, _overlay, fuse, mode, owner, xattr
from ._area import no_namespace, setting_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ._area import Area

_NO = "no"
_IMAGES = (1000, subordinate.ENOUGH)  # owners in images
_NEXT = 1  # mapped whenever any subordinate id is


def ask(area: Area, work: str) -> None:
    """Do one of the works below in that process; what it raises is raised here."""
    helper = area.once("rootless", lambda: _entered(area))
    kind, _, detail = helper.ask(work, area.seconds).partition(" ")
    if kind == _NO:
        raise No(detail)
    if kind:
        raise Unknown(Reason(kind), detail)


def _entered(area: Area) -> Helper:
    """The process, in a directory of the user's below the scratch directory."""
    user = asked_for(area)
    if not user.last:
        raise Unknown(Reason.PRIVILEGE, _lack(user))
    place = area.scratch.mkdir("theirs")
    if os.geteuid() == 0:
        area.scratch.chown("theirs", user.uid, user.gid)
    helper = Helper(_Resident(place, os.getpid()).answer)
    try:
        helper.ask("leave", area.seconds)
        subordinate.map_ids(helper.pid, user)
        helper.ask("arrive", area.seconds)
    except (mounts.NamespaceError, OSError) as error:
        words = error.strerror if isinstance(error, OSError) else error
        why = f"no user namespace could be made: {words}{_elsewhere()}"
        raise no_namespace(error.errno, why) from None
    finally:
        place.close()
    area.endings.append(lambda: _clear(helper, area.seconds))
    return helper


def _clear(helper: Helper, seconds: float) -> None:
    """Have the process remove what it has given away, which nobody else may be able to."""
    with suppress(OSError, HelperDiedError, HelperTimeoutError):  # it will be told what is left
        helper.ask("clear", seconds)
        helper.dismiss()


def asked_for(area: Area) -> subordinate.User:
    """Who asks; for root, a user with ids enough."""
    ask = subordinate.somebody if os.geteuid() == 0 else subordinate.ourselves
    return area.once("rootless user", lambda: ask(area.seconds))


def check_ids(area: Area) -> str:
    """Whether the user has as many ids as images have owners."""
    user = asked_for(area)
    if os.geteuid() == 0:
        return "asked for a user who has them; --as USER asks for one by name"
    if subordinate.other_source():
        raise Unknown(Reason.PRIVILEGE, _lack(user))
    if user.last < subordinate.ENOUGH:
        raise No(_lack(user))
    return ""


def _lack(user: subordinate.User) -> str:
    uids, gids = (sum(one.count for one in ranges) for ranges in (user.uids, user.gids))
    counted = f"{uids} subordinate uids in /etc/subuid, {gids} subordinate gids in /etc/subgid"
    return f"this user has {counted}{_elsewhere()}"


def _elsewhere() -> str:
    source = subordinate.other_source()
    return source and f"; nsswitch.conf has them from {source}, which was not asked (getsubids(1))"


class _Resident:
    """The process's side: goes over into the namespace, then works there."""

    def __init__(self, place: Directory, parent: int) -> None:
        self._place = place
        self._parent = parent

    def answer(self, question: str) -> str:
        if question == "leave":
            calls.fchdir(self._place.fd)  # unshare(2) takes the working directory along
            try:
                mounts.leave_user_namespace()
            except mounts.NamespaceError as error:
                raise OSError(error.errno, str(error)) from None
        elif question == "arrive":
            mounts.become_root()
            self._place = _overlay.here()  # a descriptor from outside is nosuid (mnt_may_suid)
            die_with(self._parent)  # a change of ids forgets that
        else:
            try:
                _WORKS[question](self._place)
            except No as no:
                return f"{_NO} {no.detail}"
            except Unknown as unknown:
                return f"{unknown.reason.value} {unknown.detail}"
        return ""


def _files(place: Directory) -> None:
    with place.mkdir("folder") as folder:
        folder.write("new", b"content")
        folder.chmod("new", 0o600)
        calls.close(folder.open("new", os.O_RDWR))
        folder.rename("new", "file")
        if folder.read("file") != b"content":
            raise No("the file has other content")
        if folder.stat("file").st_uid:
            raise No("a file made by the user does not belong to him")
    place.chmod("folder", 0o555)
    try:
        refusal = naming("as root, in a directory without write permission: mkdir")
        with place.directory("folder") as folder, refusal:
            folder.mkdir("inside").close()
    finally:
        place.chmod("folder", 0o755)  # or it could not be emptied where that was refused


def _owners(place: Directory) -> None:
    place.write("given", b"")
    place.mkdir("given folder").close()
    place.symlink("nowhere", "given link")
    with setting_up():
        last = subordinate.last_mapped()
    for name in ("given", "given folder", "given link"):
        for wanted in sorted({min(one, last) for one in _IMAGES}):
            place.chown(name, wanted, wanted)
            status = place.stat(name)
            if (status.st_uid, status.st_gid) != (wanted, wanted):
                raise No(f"chown to {wanted} left {status.st_uid}")


def _group(place: Directory) -> None:
    owner.made_in_another_group(place, _NEXT)


def _capability(place: Directory) -> None:
    place.write("capable", b"")
    fd = place.open("capable")
    try:
        xattrs.put(fd, "security.capability", xattr.NET_RAW)
        if xattrs.get(fd, "security.capability") != xattr.NET_RAW:
            raise No("the file capability was read back as another")
    finally:
        calls.close(fd)


def _setuid(place: Directory) -> None:
    with setting_up():
        flags = calls.fstatvfs(place.fd).f_flag
    if flags & os.ST_NOSUID:
        raise No("the mount has nosuid")
    place.write("program", mode.program(), 0o700)
    place.chown("program", _NEXT, _NEXT)
    place.chmod("program", 0o4755)
    if stat.S_IMODE(place.stat("program").st_mode) != 0o4755:  # noqa: PLR2004
        raise No("the setuid bit does not stay")
    mode.run_as_owner(place, "program", _NEXT)


def _fuse(_place: Directory) -> None:
    try:
        fuse.open_device()
    except PermissionError as error:
        if os.stat("/dev/fuse").st_mode & 0o066 == stat.S_IRGRP | stat.S_IWGRP:
            why = "/dev/fuse is open to a group, which the user may be in"
            raise Unknown(Reason.PRIVILEGE, why) from error
        raise


_WORKS: dict[str, Callable[[Directory], None]] = {
    "clear": Directory.clear,
    "files": _files,
    "owners": _owners,
    "group": _group,
    "capability": _capability,
    "setuid": _setuid,
    "fuse": _fuse,
}
