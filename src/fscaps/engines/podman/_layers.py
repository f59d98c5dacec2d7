"""What the entries of image layers are made of, and what unpacking them therefore takes."""

from __future__ import annotations

from dataclasses import replace

from ...model import Level, Need
from ...probes import name, owner, xattr
from .. import _unpacking
from .._remedies import LOCAL

UNPACK = "pkg/archive/archive.go:createTarFile"
_ADDING = 'writing blob: adding layer with blob "sha256:…": '
BLOB = _ADDING + "processing tar file("
"""Before the words of a failing call, until podman 5.2 (containers/storage 1.55)."""
_END = "): exit status 1"
UNPACKED = _ADDING + "unpacking failed (error: exit status 1; output: …"
"""The same since then; the end is a bracket."""
_BY_VFS = _ADDING + "ApplyLayer stdout: … stderr: "


def _of_4_5(line: str) -> str:
    return line.replace("podman-system-migrate", '"podman system migrate"')


def _of_5_2(line: str) -> str:
    return line.replace(BLOB, UNPACKED).replace(_END, ")") if BLOB in line else line


def worded(need: Need) -> Need:
    """A need of unpacking layers, with what later versions of podman say of it as well."""
    said, later = need.says, []
    for since, reword in (("4.5", _of_4_5), ("5.2", _of_5_2)):
        text = "\n".join(map(reword, said.splitlines()))
        if text != said:
            later.append((since, text))
            said = text
    return replace(need, reworded=need.reworded or tuple(later))


def by_vfs(need: Need) -> Need:
    """The same where the driver vfs unpacks (pkg/chrootarchive/diff_unix.go:applyLayerHandler)."""
    if BLOB not in need.says:
        return need
    said = need.says.replace(BLOB, _BY_VFS).replace(_END, " exit status 1")
    said = said.replace("chown …/overlay/l: ", "chown …/vfs: ")
    return replace(need, says=said, reworded=())


def _in_full(need: Need) -> Need:
    """What podman says before it unpacks anything, and of names that are too long."""
    if need.any_of[0] is owner.created:
        return replace(need, says=f"chown …/overlay/l: operation not permitted\n{need.says}")
    return replace(need, says=BLOB + "… …: {error}") if name.length in need.any_of else need


ENTRIES = (
    *(worded(_in_full(need)) for need in _unpacking.entries(UNPACK, BLOB)),
    *_unpacking.MADE,
    worded(_unpacking.fifos(UNPACK, BLOB)),
)
DEVICES = worded(_unpacking.devices(UNPACK, BLOB))
NAMES = (
    *(worded(_in_full(need)) for need in _unpacking.names(UNPACK, BLOB)),
    _unpacking.times(UNPACK),
)
ATTRIBUTES = (
    worded(
        Need(
            (xattr.declined,),
            because="An attribute of a layer that is refused otherwise than as not supported ends "
            "the pull.",
            source=UNPACK,
            says=BLOB + "lsetxattr …: {error}",
            remedy=LOCAL,
        )
    ),
    Need(
        (xattr.security_capability,),
        level=Level.SHOULD,
        because="File capabilities of an image are lost, with a warning in the log: ping, "
        "newuidmap and many servers then lack them.",
        source=UNPACK,
        says="ignored xattrs in archive: underlying filesystem doesn't support them",
        remedy=LOCAL,
    ),
    Need(
        (xattr.user,),
        level=Level.SHOULD,
        because="A layer that carries user.* attributes loses them; few do. tmpfs before Linux 6.6 "
        "is the usual case.",
        source=UNPACK,
        says="ignored xattrs in archive: underlying filesystem doesn't support them",
        remedy="mount with user_xattr, or use ext4 or xfs",
    ),
)
