"""containerd's image store, in which Docker 29 keeps layers unless it is told otherwise.

Sources are files of containerd at v2.3.4, unless another is named; measured with Docker 28.5 and
its feature containerd-snapshotter, on a containerd that dockerd itself starts.
"""

from __future__ import annotations

from dataclasses import replace

from ...model import Level, Need
from ...probes import node, overlay, symlink, xattr
from .._remedies import LOCAL
from ._layers import CAPABILITY, CONTENT, NAMES, NODES, TIMES
from ._overlay2 import OPTION, OVERLAY, SHAREABLE

_UNPACK = "pkg/archive/tar.go:createTarFile"
_EXTRACT = "apply layer error for …: failed to extract layer …: "
_OWN = {
    (node.whiteout,): Need(
        (node.whiteout,),
        because="A file that a layer deletes is written as a character device 0/0.",
        source="pkg/archive/tar_opts_linux.go:OverlayConvertWhiteout",
        says=_EXTRACT + 'failed to convert whiteout file "….wh.…": {error}',
        remedy=LOCAL,
    ),
    (overlay.upper,): Need(
        (overlay.upper,),
        because="Each container's root is an overlay whose upper and work directory lie in "
        "containerd's root. Nobody tries one at the start: the first container fails.",
        source="plugins/snapshots/overlay/overlay.go:mounts; overlayutils/check.go:Supported "
        "(not called)",
        says='failed to mount …: mount source: "overlay", … err: {error}',
        remedy=LOCAL,
    ),
}


def _as_containerd_does(need: Need) -> Need:
    """A need of dockerd's own drivers, with containerd's source and words."""
    if need.any_of in _OWN:
        return _OWN[need.any_of]
    if need in CONTENT or need in NODES or need in NAMES:
        return replace(need, source=_UNPACK, says=_EXTRACT + "{error}" if need.says else "")
    return need


_D_TYPE, *_MOUNTED = (need for need in OVERLAY if need.any_of != (symlink.overlay2,))

STORE = (
    SHAREABLE,
    replace(
        OPTION,
        because="containerd writes the path into the options of the overlay mount as it is, where "
        "a colon separates layers and a comma options.",
        source="plugins/snapshots/overlay/overlay.go:mounts",
        says='failed to mount …: mount source: "overlay", … err: no such file or directory',
    ),
    replace(
        _D_TYPE,
        because="containerd does not load its overlayfs snapshotter where readdir does not tell "
        "types; a dockerd that starts containerd itself does not start then.",
        source="plugins/snapshots/overlay/overlay.go:NewSnapshotter",
        says="… does not support d_type\nerror initializing buildkit: error creating buildkit "
        "instance: unknown service containerd.services.leases.v1.Leases",
    ),
    Need(
        (xattr.overlay_opaque,),
        because="A directory of a layer that replaces one below is marked opaque.",
        source="pkg/archive/tar_opts_linux.go:OverlayConvertWhiteout",
        says=_EXTRACT + 'failed to convert whiteout file "…/.wh..wh..opq": {error}',
        remedy=LOCAL,
    ),
    *map(_as_containerd_does, _MOUNTED),
    *map(_as_containerd_does, (*CONTENT, *NODES, *NAMES)),
    replace(
        CAPABILITY,
        because="File capabilities of images are lost where they are not supported, and nothing "
        "can be committed or built.",
        source=f"{_UNPACK}; containerd/continuity fs/diff_unix.go:"
        "compareCapabilities (moby docker-v29.0.1)",
        says="ignored xattr security.capability in archive\nfailed to export layer: CreateDiff: … "
        "failed to create diff tar stream: failed to get xattr for …: {error}",
    ),
    *TIMES,
    Need(
        (),
        level=Level.SHOULD,
        because="Layers then lie in containerd's root, not in the data-root: in "
        "/var/lib/containerd where containerd is a service of its own, as in Docker's packages. "
        "Ask of that path, too; in <data-root>/containerd only where dockerd starts containerd "
        "itself.",
        source="moby docker-v29.0.1 contrib/init/systemd/docker.service; "
        "daemon/command/daemon_unix.go:initContainerd",
        remedy="move both, or set root in /etc/containerd/config.toml",
    ),
)
"""What a directory needs that holds containerd's root beside the rest of a data-root."""
