"""What the entries of image layers are made of, and what unpacking them therefore takes."""

from __future__ import annotations

from dataclasses import replace

from ...model import Level, Need
from ...probes import xattr
from .. import _unpacking
from .._remedies import LOCAL

_APPLY = ""
"""What comes before differs: of docker pull and docker load, before Docker 24 and since."""
_CREATE = "go-archive archive.go:createTarFile"
_SPECIAL = "go-archive archive_unix.go:handleTarTypeBlockCharFifo"
_CREATED, *_CONTENT = _unpacking.entries(_CREATE, _APPLY)
CREATED = replace(_CREATED, says=f"chmod …: operation not permitted\n{_CREATED.says}")
"""dockerd itself meets it before any layer."""
CONTENT = (*_CONTENT, *_unpacking.MADE)
NODES = (_unpacking.fifos(_SPECIAL, _APPLY), _unpacking.devices(_SPECIAL, _APPLY))
NAMES = _unpacking.names(_CREATE, _APPLY)
CAPABILITY = Need(
    (xattr.security_capability,),
    because="File capabilities of images are lost: ping, newuidmap and many servers then lack "
    "them.",
    source="pkg/archive/archive.go:createTarFile",
    remedy=LOCAL,
)
CAPABILITIES = (
    Need(
        (xattr.capability_set,),
        because="Layers carry file capabilities (ping, newuidmap, many servers). Docker before 25 "
        "drops them with a warning in its log; since 25 the pull stops.",
        source="pkg/archive/archive.go:createTarFile; BestEffortXattrs there since v25.0.0",
        says="lsetxattr …: {error}",
        remedy=LOCAL,
        since="25",
    ),
    replace(CAPABILITY, level=Level.SHOULD),
)
TIMES = (
    replace(
        _unpacking.times("go-archive changes.go:sameFsTime"),
        because="Times are cut short; changes within the same tick are missed by docker commit.",
    ),
    Need(
        (xattr.user,),
        level=Level.SHOULD,
        because="A layer that carries user.* attributes loses them (Docker before 25) or cannot be "
        "unpacked (since 25); few do. tmpfs before Linux 6.6 is the usual case.",
        source="go-archive archive.go:createTarFile",
        remedy="mount with user_xattr, or use ext4 or xfs",
    ),
)
LAYERS = (*CONTENT, *NODES, *CAPABILITIES, *NAMES, *TIMES)
