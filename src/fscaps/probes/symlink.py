"""Symbolic links, which overlay2 keeps one of for each layer."""

from __future__ import annotations

from errno import (
    EACCES,
    EFBIG,
    EINVAL,
    EIO,
    ELOOP,
    ENAMETOOLONG,
    ENODATA,
    ENOENT,
    ENOSYS,
    ENOTSUP,
    EPERM,
)

from .._linux import xattrs
from .._linux.denied import is_denied
from .._linux.directory import read_all
from . import Answer, No, probe
from ._area import CONTENT, PAGE, setting_up, verifying

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._linux.directory import Directory
    from ._area import Area

_REFUSED = (EPERM, EACCES, ENOTSUP, EINVAL, EIO, ENOSYS)
_TOO_LONG = (ENAMETOOLONG, EFBIG)
_OWNERS = (1000, 1001)
ABSOLUTE = "absolute"
"""The name of a link of target's, whose owner may be changed."""
_LAYER = "0123456789abcdef" * 4
_SHORT = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _given_back(directory: Directory, target: bytes, name: str) -> None:
    directory.symlink(target, name)
    with verifying():
        try:
            seen = directory.readlink(name)
        except OSError as error:
            # sshfs keeps to itself what leads out of its directory
            if error.errno == EPERM and not is_denied(error):
                raise No(f"its target cannot be read ({error.strerror})", errno="EPERM") from None
            if error.errno != EINVAL:
                raise
            raise No("the call succeeded and made no symbolic link") from None
    if seen != target:
        raise No(f"a link to {target[:40]!r} was read back as {seen[:40]!r}")


@probe("Do symbolic links keep their target to the byte?", no=_REFUSED)
def target(area: Area) -> None:
    """A relative, an absolute and a dangling link, each read back (readlink(2))."""
    _given_back(area.scratch, area.file.encode(), "relative")
    _given_back(area.scratch, b"/dev/null", ABSOLUTE)
    _given_back(area.scratch, b"no/such file", "dangling")  # of odd bytes name.undecodable tells


@probe("Does a link of overlay2's own shape lead to its layer?", no=(*_REFUSED, ELOOP))
def overlay2(area: Area) -> None:
    """``l/<26 letters>`` -> ``../<id>/diff``, and a file read through it; ELOOP by ``nosymfollow``.

    moby daemon/graphdriver/overlay2/overlay.go:create makes one for each layer.
    """
    with setting_up(), area.scratch.mkdir(_LAYER) as layer, layer.mkdir("diff") as diff:
        diff.write("file", CONTENT)
    with setting_up():
        links = area.scratch.mkdir("l")
    with links:
        _given_back(links, f"../{_LAYER}/diff".encode(), _SHORT)
    # Not out of the scratch directory, wherever a server that lies may lead.
    with area.scratch.beneath(f"l/{_SHORT}/file") as fd, verifying():
        seen = read_all(fd, PAGE)
    if seen != CONTENT:
        raise No("the file read through the link is another one")


@probe("Does a link hold a target of 4095 bytes?", no=(*_REFUSED, *_TOO_LONG))
def longest(area: Area) -> Answer:
    """The longest target kept, in bytes, of 4095 (PATH_MAX), 1023 and 255. EFBIG is ntfs3's no."""
    for length in (4095, 1023, 255):
        try:
            _given_back(area.scratch, b"t" * length, f"long{length}")
        except OSError as error:
            if error.errno not in _TOO_LONG or length == 255:  # noqa: PLR2004 - the shortest tried
                raise
            continue
        if length == 4095:  # noqa: PLR2004 - the longest tried
            return Answer(value=length)
        raise No(f"{length} bytes", errno="ENAMETOOLONG", value=length)
    raise AssertionError  # the loop's last turn returns or raises


@probe(
    "Does changing a link's owner leave its target alone?",
    no=_REFUSED,
    capabilities=("CAP_CHOWN",),
    after=(target,),
)
def owner(area: Area) -> None:
    """lchown(2) of a link: the link's owner changes, the file's does not."""
    area.build_on(target, "no symbolic link could be made")
    link, file = _owners(area)
    stranger = next(uid for uid in _OWNERS if uid != link)  # for who may not give it away
    area.scratch.chown("relative", stranger, stranger)
    link, after = _owners(area)
    if link != stranger:
        raise No("the link's owner did not change")
    if after != file:
        raise No("the owner of the file it leads to changed")


def _owners(area: Area) -> tuple[int, int]:
    """Of the link, and of the file that it leads to."""
    with verifying():
        return area.scratch.stat("relative").st_uid, area.scratch.stat(area.file).st_uid


@probe(
    "Is a link itself asked for an attribute, and not what it leads to?",
    no=(ENOENT,),
    after=(target,),
)
def attribute(area: Area) -> None:
    """lgetxattr(2) of ``security.capability`` of a link that leads nowhere: ENODATA, or ENOTSUP.

    Servers that follow it say ENOENT (mhddfs, rofiles-fuse), and whoever copies a layer stops.
    """
    area.build_on(target, "no symbolic link could be made")
    try:
        xattrs.get_of_entry(area.scratch.fd, "dangling", "security.capability")
    except OSError as error:
        if error.errno not in (ENODATA, ENOTSUP):
            raise


@probe("Can a link be replaced by renaming another over it?", no=_REFUSED, after=(target,))
def replace(area: Area) -> None:
    """rename(2) of one link over another, as atomic updates of a ``current`` link do."""
    _given_back(area.scratch, b"old", "current")
    area.scratch.symlink("new", "next")
    area.scratch.rename("next", "current")
    with verifying():
        seen = area.scratch.readlink("current")
    if seen != b"new":
        raise No("the link still leads to its old target")
