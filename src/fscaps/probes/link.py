"""Hard links, which every layer unpacker makes."""

from __future__ import annotations

import stat
from errno import EACCES, EINVAL, EIO, EMLINK, ENOSYS, ENOTSUP, EPERM, EROFS

from . import No, probe
from ._area import setting_up, verifying

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._area import Area

_ANOTHER = 1000
_REFUSED = (EPERM, EACCES, ENOTSUP, EINVAL, EIO, EMLINK, ENOSYS)


@probe("Can a file have a second name?", no=_REFUSED)
def hard(area: Area) -> None:
    """link(2), and the content read through the second name."""
    with setting_up():
        area.scratch.write("first", b"one")
    area.scratch.link("first", "second")
    with verifying():
        seen = area.scratch.read("second")
    if seen != b"one":
        raise No("the second name has other content")


@probe("Are hard links one file in every respect?", after=(hard,))
def inode(area: Area) -> None:
    """One inode number, a link count of two, a write through one name seen by the other.

    Some FUSE servers number and cache the names apart; copies then lose the link.
    """
    area.build_on(hard, "no hard link could be made")
    first, second = area.scratch.stat("first"), area.scratch.stat("second")
    if first.st_ino != second.st_ino:
        raise No("the two names have different inode numbers")
    if second.st_nlink != 2:  # noqa: PLR2004 - two names
        raise No(f"the link count is {second.st_nlink}, not 2")
    area.scratch.append("first", b" two")
    if area.scratch.read("second") != b"one two":
        raise No("a write through one name is not seen through the other")


@probe(
    "Can mode, owner and times of a file with two names be set?",
    no=(EROFS, EPERM, EACCES),
    after=(hard,),
)
def changed(area: Area) -> None:
    """fchmod(2), lchown(2) to who has it, utimensat(2); rofiles-fuse guards what is linked."""
    area.build_on(hard, "no hard link could be made")
    status = area.scratch.stat("second")
    area.scratch.chmod("second", 0o640)
    area.scratch.chown("second", status.st_uid, status.st_gid)
    area.scratch.utime("second", status.st_mtime_ns)


@probe(
    "Does a file keep its owner when it is given a second name?",
    no=_REFUSED,
    capabilities=("CAP_CHOWN",),
    after=(hard,),
)
def owner(area: Area) -> None:
    """link(2) of another's file; loggedfs gives it to whoever links it."""
    area.build_on(hard, "no hard link could be made")
    with setting_up():
        area.scratch.write("another's", b"")
        area.scratch.chown("another's", _ANOTHER, _ANOTHER)
    area.scratch.link("another's", "linked for him")
    found = area.scratch.stat("linked for him").st_uid
    if found != _ANOTHER:
        raise No(f"a file of uid {_ANOTHER} was linked, and is of uid {found}")


@probe("Can a symbolic link have a second name?", no=_REFUSED)
def to_symlink(area: Area) -> None:
    """linkat(2) without AT_SYMLINK_FOLLOW; the new name must be a link as well."""
    area.scratch.link(area.dangling, "second link")
    with verifying():
        mode = area.scratch.stat("second link").st_mode
    if not stat.S_ISLNK(mode):
        raise No("the new name is not a symbolic link")
