"""Owners and mode bits, which layers carry for every entry."""

from __future__ import annotations

import os
import stat
from errno import EACCES, EINVAL, ENOSYS, ENOTSUP, EOVERFLOW, EPERM

from .._linux import calls
from . import Answer, No, probe, symlink
from ._area import setting_up, verifying

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._linux.directory import Directory
    from ._area import Area

_REFUSED = (EPERM, EACCES, EINVAL, ENOTSUP, EOVERFLOW, ENOSYS)
_SYSTEM, _REMAPPED = 1000, 200000
_BITS = {"setuid": stat.S_ISUID, "setgid": stat.S_ISGID, "sticky": stat.S_ISVTX}


@probe("Does what we create belong to us?")
def created(area: Area) -> Answer:
    """The owner of a new file: another where the server squashes root or forces an owner.

    Its group may also be the probed directory's, as with the setgid bit and ``bsdgroups``. The
    value is ``uid:gid`` as the file system tells it.
    """
    status = area.scratch.stat(area.file)
    value, ours = f"{status.st_uid}:{status.st_gid}", (os.geteuid(), os.getegid())
    inherited = (ours[0], calls.fstat(area.target.fd).st_gid)
    if (status.st_uid, status.st_gid) not in (ours, inherited):
        raise No(f"a file made by {ours[0]}:{ours[1]} belongs to {value}", value=value)
    return Answer(value=value)


def _owned(area: Area) -> tuple[str, str]:
    """A file and a directory whose owner and mode may be changed."""

    def make() -> None:
        area.scratch.write("owned", b"")
        area.scratch.make("owned directory")

    area.once("owned", make)
    return "owned", "owned directory"


def _give(area: Area, name: str, owner: int) -> None:
    area.scratch.chown(name, owner, owner)
    with verifying():
        status = area.scratch.stat(name)
    if (status.st_uid, status.st_gid) != (owner, owner):
        raise No(f"chown to {owner}:{owner} left {status.st_uid}:{status.st_gid}")


@probe("Can files be given to any user?", no=_REFUSED, capabilities=("CAP_CHOWN",))
def chown(area: Area) -> None:
    """lchown(2) of a file and a directory to 1000:1000 and, above 65535, to 200000:200000."""
    for name in _owned(area):
        for owner in (_SYSTEM, _REMAPPED):
            _give(area, name, owner)


@probe(
    "Does what is made here belong to the group of who makes it?",
    capabilities=("CAP_CHOWN",),
    after=(chown,),
)
def group(area: Area) -> None:
    """A file made in a directory of group 1000; with ``grpid`` it gets that group (mount(8))."""
    area.build_on(chown, "no directory could be given to another group")
    made_in_another_group(area.scratch, _SYSTEM)


def made_in_another_group(directory: Directory, group: int) -> None:
    """Make a file in a directory of that group; *no* if the file gets it, too."""
    with setting_up(), directory.mkdir("another group's", 0o770) as place:
        directory.chown("another group's", os.geteuid(), group)
        place.write("file", b"")
        seen = place.stat("file").st_gid
    if seen != os.getegid():
        raise No(f"a file made by group {os.getegid()} belongs to group {seen}")


@probe(
    "Can symbolic links be given to any user?",
    no=_REFUSED,
    capabilities=("CAP_CHOWN",),
    after=(symlink.target,),
)
def lchown(area: Area) -> None:
    """lchown(2) of a link, as unpackers do for each of a layer."""
    area.build_on(symlink.target, "no symbolic link could be made")
    for owner in (_SYSTEM, _REMAPPED):
        _give(area, symlink.ABSOLUTE, owner)


@probe("Is a change of mode accepted?", no=_REFUSED)
def chmod(area: Area) -> str:
    """chmod(2) of our own file and directory to 0600, 0644 and 0755, kept or not.

    Every atomic write of dockerd ends in one (moby pkg/ioutils/fswriters.go).
    """
    kept = True
    for name in (area.file, area.folder):
        for wanted in (0o600, 0o644, 0o755):
            area.scratch.chmod(name, wanted)
            kept = kept and _mode(area, name) == wanted
    return "" if kept else "accepted, but not kept"


@probe("Do mode bits survive chmod, setuid, setgid and sticky among them?", no=_REFUSED)
def mode(area: Area) -> None:
    """chmod(2) to 0755, 0600 and each special bit, read back by stat(2)."""
    for name in _owned(area):
        for wanted in (0o755, 0o600, *(bit | 0o755 for bit in _BITS.values())):
            area.scratch.chmod(name, wanted)
            seen = _mode(area, name)
            if seen != wanted:
                raise No(f"chmod {wanted:04o} of a {_kind(name)} left {seen:04o}")


def _mode(area: Area, name: str) -> int:
    with verifying():
        return stat.S_IMODE(area.scratch.stat(name).st_mode)


def _kind(name: str) -> str:
    return "directory" if name.endswith("directory") else "file"
