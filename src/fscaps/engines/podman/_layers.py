"""What the entries of image layers are made of, and what unpacking them therefore takes."""

from __future__ import annotations

from ...model import Level, Need
from ...probes import xattr
from .. import _unpacking
from .._remedies import LOCAL

UNPACK = "pkg/archive/archive.go:createTarFile"
BLOB = 'writing blob: adding layer with blob "sha256:…": processing tar file('
ENTRIES = (*_unpacking.entries(UNPACK, BLOB), _unpacking.fifos(UNPACK, BLOB))
DEVICES = _unpacking.devices(UNPACK, BLOB)
NAMES = (*_unpacking.names(UNPACK, BLOB), _unpacking.times(UNPACK))
ATTRIBUTES = (
    Need(
        (xattr.declined,),
        because="An attribute of a layer that is refused otherwise than as not supported ends the "
        "pull.",
        source=UNPACK,
        says=BLOB + "lsetxattr …: {error}",
        remedy=LOCAL,
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
