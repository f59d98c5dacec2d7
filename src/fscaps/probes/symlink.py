"""Symbolic links, which overlay2 keeps one of for each layer."""

from __future__ import annotations

from errno import EACCES, EINVAL, EIO, ELOOP, ENAMETOOLONG, ENOSYS, ENOTSUP, EPERM

from ..findings import Outcome
from . import Answer, No, probe, skip
from ._area import CONTENT, setting_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._linux.directory import Directory
    from ._area import Area

_REFUSED = (EPERM, EACCES, ENOTSUP, EINVAL, EIO, ENOSYS)
_LAYER = "0123456789abcdef" * 4


def _given_back(directory: Directory, target: bytes, name: str) -> None:
    directory.symlink(target, name)
    seen = directory.readlink(name)
    if seen != target:
        raise No(f"a link to {target[:40]!r} was read back as {seen[:40]!r}")


@probe("Do symbolic links keep their target to the byte?", no=_REFUSED)
def target(area: Area) -> None:
    """A relative, an absolute and a dangling link, each read back (readlink(2))."""
    _given_back(area.scratch, area.file.encode(), "relative")
    _given_back(area.scratch, b"/dev/null", "absolute")
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
        _given_back(links, f"../{_LAYER}/diff".encode(), "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        if links.read("ABCDEFGHIJKLMNOPQRSTUVWXYZ/file") != CONTENT:
            raise No("the file read through the link is another one")


@probe("Does a link hold a target of 4095 bytes?", no=(*_REFUSED, ENAMETOOLONG))
def longest(area: Area) -> Answer:
    """The longest target kept, in bytes, of 4095 (PATH_MAX), 1023 and 255."""
    for length in (4095, 1023, 255):
        try:
            _given_back(area.scratch, b"t" * length, f"long{length}")
        except OSError as error:
            if error.errno != ENAMETOOLONG or length == 255:  # noqa: PLR2004 - the shortest tried
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
    if area.outcome(target) is not Outcome.YES:
        skip("no symbolic link could be made (see symlink.target)")
    before = area.scratch.stat(area.file).st_uid
    area.scratch.chown("relative", 1000, 1000)
    if area.scratch.stat("relative").st_uid != 1000:  # noqa: PLR2004 - the uid just given
        raise No("the link's owner did not change")
    if area.scratch.stat(area.file).st_uid != before:
        raise No("the owner of the file it leads to changed")


@probe("Can a link be replaced by renaming another over it?", no=_REFUSED, after=(target,))
def replace(area: Area) -> None:
    """rename(2) of one link over another, as atomic updates of a ``current`` link do."""
    _given_back(area.scratch, b"old", "current")
    area.scratch.symlink("new", "next")
    area.scratch.rename("next", "current")
    if area.scratch.readlink("current") != b"new":
        raise No("the link still leads to its old target")
