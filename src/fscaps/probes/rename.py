"""rename(2) and its flags (renameat2(2)), which overlay and every atomic update rest on."""

from __future__ import annotations

import os
import stat
from errno import (
    EACCES,
    EBUSY,
    EEXIST,
    EINVAL,
    EIO,
    EISDIR,
    ENOENT,
    ENOSYS,
    ENOTEMPTY,
    ENOTSUP,
    EPERM,
    EXDEV,
)

from .._linux import calls
from .._linux.directory import EXCHANGE, NOREPLACE, WHITEOUT
from .._linux.libc import naming
from .._linux.processes import in_helper
from . import No, probe
from ._area import PAGE, setting_up, verifying
from ._others import another

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .._linux.directory import Directory
    from ._area import Area

_REFUSED = (EPERM, EACCES, EINVAL, ENOTSUP, EXDEV, EIO, EBUSY)
# renameat2 itself is missing before 3.15 and in some sandboxes (ENOSYS), so that is not a no.
_FLAG_REFUSED = _REFUSED
_REPLACEMENTS = 4
_LOOKS = 200


@probe("Does renaming a file over another replace it?", no=(*_REFUSED, EEXIST))
def replace(area: Area) -> None:
    """Write aside and rename over, as every atomic update does; another process reads the new."""
    with setting_up():
        area.scratch.write("config", b"old")
        area.scratch.write("config.tmp", b"new")
    area.scratch.rename("config.tmp", "config")
    with verifying():
        try:
            opened = another(area).read("config")
        except FileNotFoundError:
            raise No("there is no file after the rename", errno="ENOENT") from None
    if opened != "new":
        raise No(f"another process read {opened!r} after the rename")


@probe("Can a file be replaced while it is read?", no=(*_REFUSED, EEXIST), after=(replace,))
def replace_open(area: Area) -> None:
    """The same onto a file that is open: its reader keeps the old content. SMB refuses."""
    with setting_up():
        area.scratch.write("read", b"new")  # its own, for replace may not have made it
        area.scratch.write("read.tmp", b"newer")
        reader = area.scratch.open("read")
    try:
        area.scratch.rename("read.tmp", "read")
        with verifying():
            held = calls.read(reader, 16)
    finally:
        calls.close(reader)
    if held != b"new":
        raise No("a reader that had the old file open lost it")


@probe(
    "Is a file never missing or half there while it is replaced?",
    no=(*_REFUSED, EEXIST),
    after=(replace_open,),
)
def atomic(area: Area) -> None:
    """Another process renames over a file a few times; we open and read that as fast as we can.

    A chance find: what is seen is a *no*, what is not seen may still happen.
    """
    area.build_on(replace_open, "a file cannot be replaced while it is read")
    first, *others = whole = [b"%d" % number * PAGE for number in range(_REPLACEMENTS + 1)]
    with setting_up():
        area.scratch.write("state", first)
        for number, content in enumerate(others):
            area.scratch.write(f"state.{number}", content)
    process = another(area)
    process.begin_to_replace("state", _REPLACEMENTS)
    try:
        with verifying():
            _watch(area.scratch, "state", process.has_replaced, whole)
    finally:
        process.replaced()


def _watch(scratch: Directory, name: str, is_over: Callable[[], bool], whole: list[bytes]) -> None:
    """Look at a file until it is over, or so many times."""
    for _ in range(_LOOKS):
        try:
            seen = scratch.read(name)
        except FileNotFoundError:
            raise No("while it was replaced there was no file", errno="ENOENT") from None
        if seen not in whole:
            raise No("while it was replaced a part of the file was read")
        if is_over():
            return


@probe(
    "Does a renamed directory keep its files?",
    no=(*_REFUSED, ENOTEMPTY, EEXIST, ENOENT, EISDIR),
)
def directory(area: Area) -> None:
    """Rename a directory that holds files; a new process reads each through the new path.

    There are file systems whose rename and readdir look right and whose files are gone or empty.
    """
    files = {"a": b"first", "b": b"second"}
    with setting_up(), area.scratch.mkdir("ingest") as ingest:
        for name, content in files.items():
            ingest.write(name, content)
    area.scratch.rename("ingest", "blobs")
    with verifying():
        if area.scratch.exists("ingest"):
            raise No("the old name is still there")
        lost = in_helper(lambda: _lost(area.scratch, "blobs", files), area.seconds)
    if lost:
        raise No(lost)


def _lost(scratch: Directory, name: str, files: dict[str, bytes]) -> str:
    """What is not in the directory as it was written; nothing if all is."""
    for file, content in files.items():
        try:
            with scratch.beneath(f"{name}/{file}") as fd:
                seen = calls.read(fd, len(content) + 1)
            if seen != content:
                return f"file {file} has other content after the rename"
        except FileNotFoundError:
            return f"file {file} is gone after the rename"
    return ""


@probe("Can a rename refuse to replace (RENAME_NOREPLACE)?", no=_FLAG_REFUSED)
def noreplace(area: Area) -> None:
    """renameat2(2) onto a name that is taken must fail with EEXIST, onto a free one succeed."""
    with setting_up():
        area.scratch.write("mine", b"mine")
        area.scratch.write("taken", b"taken")
    try:
        area.scratch.rename("mine", "taken", NOREPLACE)
    except FileExistsError:
        area.scratch.rename("mine", "free", NOREPLACE)
    else:
        raise No("the name that was taken was replaced")
    with verifying():
        if area.scratch.exists("mine") or not area.scratch.exists("free"):
            raise No("the call succeeded, and nothing was renamed")
        if (area.scratch.read("free"), area.scratch.read("taken")) != (b"mine", b"taken"):
            raise No("the files have other content after the rename")


@probe("Can two names be exchanged (RENAME_EXCHANGE)?", no=_FLAG_REFUSED)
def exchange(area: Area) -> None:
    """renameat2(2) on two files. overlay needs it to make a directory over a whiteout.

    Never checked at mount (fs/overlayfs/dir.c:ovl_create_over_whiteout, ovl_clear_empty).
    """
    with setting_up():
        area.scratch.write("left", b"left")
        area.scratch.write("right", b"right")
    area.scratch.rename("left", "right", EXCHANGE)
    with verifying():
        seen = area.scratch.read("left"), area.scratch.read("right")
    if seen != (b"right", b"left"):
        raise No("the call succeeded, and the names were not exchanged")


@probe(
    "Can a rename leave a whiteout behind (RENAME_WHITEOUT)?",
    no=_FLAG_REFUSED,
    capabilities=("CAP_MKNOD",),
)
def whiteout(area: Area) -> None:
    """renameat2(2), verified by lstat(2): c 0/0 must stand at the old name.

    overlay cannot rename a file of a lower layer without it; a remote upper without it is
    refused (fs/overlayfs/super.c:ovl_check_rename_whiteout).
    """
    with setting_up():
        place = area.scratch.mkdir("leaving")  # its own, for node.whiteout's reason
        place.write("source", b"moved")
    with place:
        place.rename("source", "moved", WHITEOUT)
        with verifying():
            _find_whiteout(place)


def _find_whiteout(place: Directory) -> None:
    try:
        status = place.stat("source")
    except FileNotFoundError:
        raise No("the call succeeded and left no whiteout", errno="ENOENT") from None
    if not stat.S_ISCHR(status.st_mode) or status.st_rdev:
        raise No(f"the call succeeded and left {stat.filemode(status.st_mode)}")
    if place.read("moved") != b"moved":
        raise No("the moved file has other content")


@probe(
    "Can a nameless file be made and given a name (O_TMPFILE)?",
    no=(ENOTSUP, EISDIR, EINVAL, ENOENT, ENOSYS, EPERM, EACCES),
)
def tmpfile(area: Area) -> None:
    """open(2) with O_TMPFILE, then linkat(2) through /proc/self/fd.

    overlay copies up this way where it can, and does without where it can't.
    """
    fd = area.scratch.open(".", os.O_TMPFILE | os.O_WRONLY)
    try:
        calls.write(fd, b"named")
        with naming("link"):
            nameless = f"/proc/self/fd/{fd}"
            os.link(nameless, "named", dst_dir_fd=area.scratch.fd, follow_symlinks=True)
    finally:
        calls.close(fd)
    with verifying():
        seen = area.scratch.read("named")
    if seen != b"named":
        raise No("the file has other content under its name")
