"""containerd's image store, in which a new Docker 29 keeps layers unless it is told otherwise.

They lie in the root of the containerd that serves dockerd: /var/lib/containerd where that is a
service, as in Docker's and Debian's packages (docker.service has --containerd= or finds
/run/containerd/containerd.sock), and <data-root>/containerd/daemon where dockerd finds none and
starts one. (moby docker-v29.7.2 daemon/image_store_choice.go:determineImageStoreChoice,
daemon/command/daemon.go:initializeContainerd, containerdRootDir) So a data-root needs either what
both take, or no more than what is no layer.

Sources are files of containerd at v2.3.4, unless another is named; measured with Docker 28.5 and
its feature containerd-snapshotter, on a containerd that dockerd itself starts, and on one beside.
"""

from __future__ import annotations

from dataclasses import replace

from ...model import Level, Need
from ...probes import durability, node, overlay, rename, symlink, xattr
from .._remedies import LOCAL
from ._layers import CAPABILITY, CONTENT, NAMES, NODES, TIMES
from ._overlay2 import OPTION, OVERLAY, SHAREABLE
from ._volumes import BIND_BELOW, COPY, FOLLOWED_LINKS

SINCE = "29"
"""The first Docker whose new data-roots have no layers in them."""
ELSEWHERE = (
    "since Docker 29 the layers of a new install, in /var/lib/containerd: ask of that path --for "
    "containerd/overlayfs"
)
KEPT_IN = (
    "since Docker 29 the layers of a new install, unless it is told to keep them here: "
    "docs/how-to/move-a-data-root.md"
)
WITHOUT_LAYERS = (
    *COPY,
    *BIND_BELOW,
    FOLLOWED_LINKS,
    Need(
        (rename.directory,),
        level=Level.SHOULD,
        because="A swarm manager's log is made in a directory aside, which is then renamed.",
        source="coreos/etcd wal/wal.go:renameWal",
        says="Error response from daemon: failed to create WAL: {error}",
        remedy=LOCAL,
    ),
)
"""What a data-root needs besides what it always does, where its layers lie elsewhere.

dockerd mounts each container's root at <data-root>/rootfs, which takes an empty directory. (moby
docker-v29.7.2 daemon/snapshotter/mount.go:target)
"""

_UNPACK = "pkg/archive/tar.go:createTarFile"
_EXTRACT = "failed to extract layer …: "
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
        says="failed to mount …: …invalid argument",
        remedy=LOCAL,
    ),
}


def _as_containerd_does(need: Need) -> Need:
    """A need of dockerd's own drivers, with containerd's source and words."""
    if need.any_of in _OWN:
        return _OWN[need.any_of]
    if need in (*CONTENT, *NODES, *NAMES):
        return replace(need, source=_UNPACK, says=_EXTRACT + "{error}" if need.says else "")
    return need


_OF_DOCKERD = (symlink.overlay2, overlay.native_diff)
"""What its driver overlay2 alone does."""
_SYNCED = "29.1"
"""The first Docker that brings containerd 2.2 (Dockerfile, CONTAINERD_VERSION)."""
_D_TYPE, *_MOUNTED = (need for need in OVERLAY if need.any_of[0] not in _OF_DOCKERD)
(_WHITEOUT,) = (need for need in _MOUNTED if need.any_of == (node.whiteout,))

STORE_D_TYPE = replace(
    _D_TYPE,
    because="containerd does not load its overlayfs snapshotter where readdir does not tell "
    "types; a dockerd that starts containerd itself does not start then.",
    source="plugins/snapshots/overlay/overlay.go:NewSnapshotter",
    says="… does not support d_type\nsnapshotter not loaded: overlayfs…\n"
    "error initializing buildkit: error creating buildkit instance: unknown service "
    "containerd.services.leases.v1.Leases",
)
STORE_OPTION = replace(
    OPTION,
    because="containerd writes the path into the options of the overlay mount as it is, where "
    "a colon separates layers and a comma options.",
    source="plugins/snapshots/overlay/overlay.go:mounts",
    says="failed to mount …: …no such file or directory\n"
    "failed to mount …: mount options is too long",
)
STORE = (
    STORE_D_TYPE,
    Need(
        (xattr.overlay_opaque,),
        because="A directory of a layer that replaces one below is marked opaque.",
        source="pkg/archive/tar_opts_linux.go:OverlayConvertWhiteout",
        says=_EXTRACT + 'failed to convert whiteout file "…/.wh..wh..opq": {error}',
        remedy=LOCAL,
    ),
    *map(_as_containerd_does, (_WHITEOUT, *CONTENT, *NODES, *NAMES)),
    replace(
        CAPABILITY,
        because="File capabilities of images are lost where they are not supported, and nothing "
        "can be committed or built.",
        source=f"{_UNPACK}; containerd/continuity fs/diff_unix.go:"
        "compareCapabilities (moby docker-v29.0.1)",
        says="ignored xattr security.capability in archive\nfailed to export layer: CreateDiff: … "
        "failed to create diff tar stream: failed to get xattr for …: {error}",
    ),
    Need(
        (xattr.declined,),
        because="An attribute of a layer that is refused otherwise than as not supported ends the "
        "pull.",
        source=_UNPACK,
        says=_EXTRACT + 'failed to setxattr "…" for key "security.capability": {error}',
        remedy=LOCAL,
    ),
    Need(
        (durability.directory,),
        because="containerd 2.2, which comes with Docker 29.1, syncs the directory of each blob, "
        "and the pull fails where that cannot be done.",
        source="plugins/content/local/writer_unix.go:syncDir",
        says="failed to sync dir …: {error}",
        remedy=LOCAL,
        since=_SYNCED,
    ),
    STORE_OPTION,
    replace(SHAREABLE, says="failed to mount …: …invalid argument"),
    *(_as_containerd_does(need) for need in _MOUNTED if need != _WHITEOUT),
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


def synced_anyway(need: Need) -> Need:
    """What a data-root always needs, but for what this store then needs more."""
    return replace(need, before=_SYNCED) if need.any_of == (durability.directory,) else need
