"""The layers of an overlay as an engine stacks them, and what a container does to them.

Each function takes an open directory, so that it works on whatever mount it is given.
"""

from __future__ import annotations

import os
import stat
from errno import EXDEV

from .._linux import calls, xattrs
from . import No

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._linux.directory import Directory

OPAQUE = "trusted.overlay.opaque"
COPIED = "directories by copying (EXDEV)"
_NULL = os.makedev(1, 3)
_OLD = 1_234_567_890_123_456_789


def fill(place: Directory, *, whiteout: bool, opaque: bool) -> None:
    """Two lower layers as an engine stacks them, l2 above l1, and empty upper and work.

    With a whiteout and an opaque directory in l2, where those can be made.
    """
    with place.mkdir("l1") as bottom:
        for name in ("read", "append", "delete", "hidden", "move", "attributes", "metadata"):
            bottom.write(name, b"lower", 0o640)
        for name in ("again", "tree", "swap", "opaque"):
            with bottom.mkdir(name) as child:
                child.write("file", b"lower")
        bottom.utime("append", _OLD)
    with place.mkdir("l2") as middle:
        middle.write("read", b"middle")
        if whiteout:
            middle.mknod("hidden", stat.S_IFCHR, 0)
        with middle.mkdir("opaque") as child:
            if opaque:
                xattrs.put(child.fd, OPAQUE, b"y")
    for name in ("upper", "work", "merged"):
        place.mkdir(name).close()


def see_merged(merged: Directory, *, whiteout: bool, opaque: bool) -> None:
    """The upper file of two lower ones, no file below a whiteout, nothing below an opaque mark."""
    if merged.read("read") != b"middle":
        raise No("a file of the upper of two lower layers is not the one seen")
    if whiteout and (merged.exists("hidden") or b"hidden" in merged.names()):
        raise No("a file that a whiteout hides is seen")
    with merged.directory("opaque") as child:
        if opaque and child.names():
            raise No("an opaque directory shows what lies below it")


def see_lower(merged: Directory) -> None:
    """A file of the lowest layer, with what was written to it."""
    if merged.read("read") != b"lower":
        raise No("a file of the layer does not hold what was written to it")


def append(merged: Directory, name: str = "append") -> None:
    """Copy a lower file up by opening it, compare its attributes, and append to it."""
    before = merged.stat(name)
    calls.close(merged.open(name, os.O_WRONLY | os.O_APPEND))  # copies up, changes nothing
    after = merged.stat(name)
    for what in ("st_mode", "st_uid", "st_gid", "st_mtime_ns", "st_size"):
        if getattr(before, what) != getattr(after, what):
            raise No(f"{what} changed when the file was copied up")
    merged.append(name, b", appended")
    if merged.read(name) != b"lower, appended":
        raise No("the copied-up file has lost what it held or what was appended")


def delete(merged: Directory) -> None:
    """Delete a lower file: gone in lookup and in the listing."""
    merged.unlink("delete")
    if merged.exists("delete"):
        raise No("the deleted file is still found")
    if b"delete" in merged.names():
        raise No("the deleted file is still listed")


def make_again(merged: Directory) -> None:
    """Empty a lower directory, remove it, make it anew, and find it empty."""
    with merged.directory("again") as child:
        child.unlink("file")
    merged.rmdir("again")
    with merged.mkdir("again") as child:
        if child.names():
            raise No("the re-made directory shows what was deleted with the old one")


def move(merged: Directory) -> None:
    """Rename a lower file."""
    merged.rename("move", "moved")
    if merged.exists("move") or merged.read("moved") != b"lower":
        raise No("the renamed file is not found under its new name alone")


def move_tree(merged: Directory) -> str:
    """Rename a lower directory; how that went."""
    try:
        merged.rename("tree", "woods")
    except OSError as error:
        if error.errno != EXDEV:
            raise
        return COPIED
    with merged.directory("woods") as moved:
        if moved.read("file") != b"lower":
            raise No("a file is lost from a renamed directory")
    return "directories by redirect_dir"


def swap(merged: Directory) -> None:
    """Rename a new directory over an emptied one of a lower layer."""
    with merged.directory("swap") as child:
        child.unlink("file")
    merged.mkdir("fresh").close()
    merged.rename("fresh", "swap")
    with merged.directory("swap") as child:
        if child.names():
            raise No("the directory renamed over an emptied one shows what was deleted from that")


def link(merged: Directory) -> None:
    """Give a lower file a second name."""
    merged.link("read", "linked")
    if merged.stat("linked").st_nlink != 2:  # noqa: PLR2004 - two names
        raise No("the link count in the overlay is wrong")


def make_nodes(merged: Directory) -> None:
    """A FIFO, and a second /dev/null, which opens: nodev does not reach an overlay.

    Nor is a detached mount nodev by itself, as it is nosuid (fs/namei.c:may_open_dev).
    """
    merged.mkfifo("fifo")
    merged.mknod("null", stat.S_IFCHR | 0o600, _NULL)
    for name, kind, device in (("fifo", stat.S_IFIFO, 0), ("null", stat.S_IFCHR, _NULL)):
        status = merged.stat(name)
        if (stat.S_IFMT(status.st_mode), status.st_rdev) != (kind, device):
            found = f"{stat.filemode(status.st_mode)}, device {status.st_rdev:#x}"
            raise No(f"{name} was made, and is {found}")
    with merged.device("null", _NULL):
        pass


def give_away(merged: Directory, name: str, owner: int) -> None:
    """Give a file to another owner, and let it run as him."""
    merged.chown(name, owner, owner)
    merged.chmod(name, 0o4755)
    status = merged.stat(name)
    if status.st_uid != owner or stat.S_IMODE(status.st_mode) != 0o4755:  # noqa: PLR2004
        raise No("owner or setuid bit is lost in the overlay")
