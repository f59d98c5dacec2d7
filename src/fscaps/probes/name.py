"""What a name may be, and whether the path's own name suits an overlay mount."""

from __future__ import annotations

import os
from errno import EACCES, EEXIST, EILSEQ, EINVAL, EIO, ENAMETOOLONG, ENOENT, EPERM

from .._linux.directory import write_all
from . import Answer, No, probe
from ._area import setting_up, verifying

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._linux.directory import Directory
    from ._area import Area

_SQLITE_PATH = 512
_REFUSED = (EINVAL, EILSEQ, ENAMETOOLONG, ENOENT, EACCES, EPERM, EIO)
_LENGTHS = (200, 143, 100, 60, 30, 14)
_ENOUGH = 200
_SPECIAL = (b"a:b", b"a\\b", b"a*b", b"a?b", b"dot.", b"space ")


@probe("Do names of 200 bytes fit?", no=_REFUSED)
def length(area: Area) -> Answer:
    """The longest name that fits, in bytes, of 200, 143 (eCryptfs), 100, and Minix' 60, 30 and 14.

    None longer is tried: posixovl makes a file whose name has 255 bytes, says that it is too long,
    and can then neither list the directory nor remove it.
    """
    with _place(area) as place:
        longest = next((count for count in _LENGTHS if _fits(place, count)), 0)
    if longest < _ENOUGH:
        raise No(f"at most {longest} bytes fit", errno="ENAMETOOLONG", value=longest)
    return Answer(value=longest)


def _fits(directory: Directory, count: int) -> bool:
    name = b"n" * count
    try:
        directory.write(name, b"")
    except OSError as error:
        if error.errno != ENAMETOOLONG:
            raise
        return False
    with verifying():
        if name not in directory.names():
            raise No(f"a name of {count} bytes was created and is not listed")
    return True


def _place(area: Area) -> Directory:
    """One directory for all names; closed after use, for SMB removes none that is open."""
    area.once("names", lambda: area.scratch.make("names"))
    with setting_up():
        return area.scratch.directory("names")


def _kept_apart(area: Area, names: tuple[bytes, ...]) -> None:
    """Create each name with itself as content; each must be listed and read back so."""
    with _place(area) as place:
        for name in names:
            with place.file(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL) as fd, setting_up():
                write_all(fd, name)
        with verifying():
            _look_for(place, names)


def _look_for(place: Directory, names: tuple[bytes, ...]) -> None:
    listed = set(place.names())
    for name in names:
        if name not in listed:
            raise No(f"{name!r} was created and is not listed")
        if place.read(name) != name:
            raise No(f"{name!r} is another file than the one created")


@probe("Are names that differ only in case two files?", no=(*_REFUSED, EEXIST))
def case(area: Area) -> None:
    """``Case`` and ``case``. Where they are one, a layer's later entry replaces the earlier."""
    _kept_apart(area, (b"Case", b"case"))


@probe("Are names that are not UTF-8 kept?", no=(*_REFUSED, EEXIST))
def undecodable(area: Area) -> None:
    """A Latin-1 and an invalid name, as old images carry them."""
    _kept_apart(area, (b"caf\xe9", b"\xff\xfe"))


@probe("Are names with : \\ * ? and a trailing dot or space kept?", no=(*_REFUSED, EEXIST))
def special(area: Area) -> None:
    """Names that are ordinary on Linux and reserved on Windows and its file systems."""
    _kept_apart(area, _SPECIAL)


@probe("Are composed and decomposed Unicode names two files?", no=(*_REFUSED, EEXIST))
def normal_form(area: Area) -> None:
    """The same letter as NFC (U+00E9) and NFD (U+0065 U+0301)."""
    _kept_apart(area, ("\u00e9".encode(), "e\u0301".encode()))


@probe("Can a file be called .wh. and something?", no=(*_REFUSED, EEXIST))
def hidden(area: Area) -> None:
    """Names as AUFS marks a deleted file, and as Docker still does for its fuse-overlayfs driver.

    fuse-overlayfs refuses them (moby daemon/graphdriver/fuse-overlayfs/fuseoverlayfs.go:ApplyDiff).
    """
    _kept_apart(area, (b".wh.deleted", b".wh..wh..opq"))


@probe("Is the path valid UTF-8?")
def utf8(area: Area) -> None:
    """The resolved path, which dockerd hands to runc in JSON, where other bytes are replaced."""
    try:
        area.resolved.encode()
    except UnicodeEncodeError:
        raise No("the path has bytes that are not UTF-8") from None


@probe("Is the path free of commas?")
def comma(area: Area) -> None:
    """The resolved path, which dockerd before 26 takes for a list of databases.

    (docker/libnetwork datastore/datastore.go:newClient) Nothing is tried.
    """
    if "," in area.resolved:
        raise No("the path contains ,")


@probe("Can the path stand in an overlay mount's options as it is?")
def option(area: Area) -> None:
    """No colon, comma or backslash in the resolved path.

    Engines write it unescaped into lowerdir=, where a colon separates layers and a comma options
    (moby daemon/graphdriver/overlayutils/overlayutils.go:SupportsOverlay).
    """
    found = [char for char in ":,\\" if char in area.resolved]
    if found:
        raise No(f"the path contains {' and '.join(found)}")
    if len(os.fsencode(area.resolved)) > 1000:  # noqa: PLR2004 - three such paths fill a page
        raise No("the path is so long that three layers overrun mount(2)'s page of options")


@probe("Is the path short enough for an SQLite database below it?")
def sqlite(area: Area) -> None:
    """At most 497 bytes, resolved. Nothing is tried.

    SQLite keeps 512 for a path, of which it takes 8 for its journal's (sqlite src/os_unix.c:
    MAX_PATHNAME; src/pager.c:sqlite3PagerOpen); podman adds /db.sql.
    """
    most = _SQLITE_PATH - len("/db.sql") - len("-journal")
    length = len(os.fsencode(area.resolved))
    if length > most:
        raise No(f"the path has {length} bytes, more than {most}")


@probe("Is the path free of colons?")
def colon(area: Area) -> None:
    """The resolved path, which engines hand on in lists and in options such as TYPE:PATH.

    (crun src/libcrun/error.c:libcrun_init_logging) Nothing is tried.
    """
    if ":" in area.resolved:
        raise No("the path contains :")


@probe("Is the path free of backslashes?")
def backslash(area: Area) -> None:
    """The resolved path, where overlay's options take one for an escape. Nothing is tried."""
    if "\\" in area.resolved:
        raise No("the path contains \\")
