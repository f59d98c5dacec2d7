"""Docker Engine: its data-root, the parts of that, and its storage drivers.

Sources are files of moby at v20.10.24 unless another version is named; ``go-archive`` is its
layer unpacker (pkg/archive there, moby/go-archive since 28). What an engine checks is not the
measure: what then works is, and docs/reference/docker.md says how each need was measured.
"""

from __future__ import annotations

from dataclasses import replace

from ...model import Edition, Engine, Level, Need, Role
from ...probes import durability, rename
from .. import _loop
from .._remedies import LOCAL
from ._choice import DRIVERS
from ._containerd import ELSEWHERE, KEPT_IN, SINCE, STORE, WITHOUT_LAYERS, synced_anyway
from ._daemon import (
    ATOMIC,
    CHANGEABLE,
    DIRECTORY_RENAME,
    ENCODED,
    ROOM,
    ROOT,
    SWARM,
    WRITABLE,
    bolt,
)
from ._drivers import BTRFS, FUSE_OVERLAYFS, VFS
from ._layers import CREATED, LAYERS
from ._overlay2 import BINDABLE, OPTION, OVERLAY, SHAREABLE
from ._rootless import ROOTLESS
from ._volumes import BIND, BIND_BELOW, COPY, FOLLOWED_LINKS, MADE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_VOLUMES_DB = bolt(
    "volumes/metadata.db",
    "volume/service/store.go:NewStore",
    "error while opening volume store metadata database…: {error}",
)
_OWN_CONTAINERD = "unknown service containerd.services.namespaces.v1.Namespaces"
"""What dockerd says where the database of a containerd that it has started cannot be opened."""
_STATE = (
    WRITABLE,
    ROOT,
    CHANGEABLE,
    CREATED,
    *ATOMIC,
    *(replace(need, says=f"{need.says}\n{_OWN_CONTAINERD}") for need in (ROOM, *_VOLUMES_DB)),
    *(replace(need, level=Level.SHOULD) for need in SWARM),
)
"""What a data-root needs wherever the layers lie, as dockerd starts."""
_THEN = (DIRECTORY_RENAME, ENCODED)
"""What one needs that has layers, when those are laid down and containers run."""


def _only(needs: tuple[Need, ...], *, since: str = "", before: str = "") -> Iterator[Need]:
    """The same of these versions only, if they hold of any."""
    for need in needs:
        yield replace(need, since=need.since or since, before=need.before or before)


ENGINE = Engine(
    id="docker",
    title="Docker Engine",
    roles=(
        Role(
            id="docker/data-root",
            title="a whole Docker data-root",
            needs=(
                *_STATE,
                *_only(
                    (SHAREABLE, OPTION, *OVERLAY, *LAYERS, DIRECTORY_RENAME, *BIND_BELOW),
                    before=SINCE,
                ),
                *_only(WITHOUT_LAYERS, since=SINCE),
                ENCODED,
            ),
            newer=Edition(SINCE, "a Docker data-root without its layers", elsewhere=ELSEWHERE),
        ),
        Role(
            id="docker/overlay2",
            title="overlay2 layers",
            needs=(
                WRITABLE,
                CHANGEABLE,
                ROOM,
                BINDABLE,
                CREATED,
                *OVERLAY,
                *LAYERS,
                Need(
                    (),
                    level=Level.SHOULD,
                    because="A file system mounted on overlay2/ is unmounted whenever dockerd "
                    "stops, and a symbolic link there never works: runc refuses such a rootfs.",
                    source="daemon/graphdriver/overlay2/overlay.go:Cleanup "
                    "(mount.RecursiveUnmount); measured with 20.10.24 and runc 1.1",
                    says="failed to create shim task: OCI runtime create failed: runc create "
                    "failed: invalid rootfs: not an absolute path, or a symlink",
                    remedy="mount the whole data-root; else mount overlay2/ anew before each start "
                    "of dockerd (ExecStartPre=)",
                ),
            ),
            newer=Edition(SINCE, "overlay2 layers", alternative=True),
        ),
        Role(
            id="docker/volumes",
            title="named volumes",
            needs=(
                MADE,
                CHANGEABLE,
                CREATED,
                ROOM,
                *ATOMIC,
                *_VOLUMES_DB,
                *COPY,
                *BIND,
                FOLLOWED_LINKS,
            ),
        ),
        Role(
            id="docker/swarm",
            title="swarm state",
            needs=(
                WRITABLE,
                ROOT,
                CHANGEABLE,
                ROOM,
                *ATOMIC,
                Need(
                    (rename.directory,),
                    because="A swarm manager's log is made in a directory aside, which is then "
                    "renamed.",
                    source="coreos/etcd wal/wal.go:renameWal",
                    says="Error response from daemon: failed to create WAL: {error}",
                    remedy=LOCAL,
                ),
                *bolt(
                    "swarm/worker/tasks.db",
                    "docker/swarmkit node/node.go:run",
                    "Error response from daemon: {error}",
                ),
                *SWARM,
            ),
        ),
        Role(
            id="docker/buildkit",
            title="the build cache",
            needs=(
                WRITABLE,
                ROOT,
                ROOM,
                *bolt(
                    "buildkit/cache.db and three more",
                    "builder/builder-next/controller.go:newController",
                    "{error}",
                ),
                Need(
                    (rename.replace,),
                    because="Each blob of the cache is written aside and renamed into place.",
                    source="containerd/containerd content/local/writer.go:Commit",
                    says="rename …: {error}",
                    remedy=LOCAL,
                ),
                Need(
                    (durability.fsync,),
                    because="Each blob of the cache is synced before it is given its name.",
                    source="containerd/containerd content/local/writer.go:Commit",
                    says="sync failed: {error}",
                    remedy=LOCAL,
                ),
            ),
        ),
        Role(
            id="docker/containers",
            title="container metadata",
            needs=(WRITABLE, ROOT, CHANGEABLE, ROOM, *ATOMIC),
        ),
        Role(
            id="docker/image",
            title="image metadata",
            needs=(WRITABLE, ROOT, ROOM, *ATOMIC, DIRECTORY_RENAME),
        ),
        Role(
            id="docker/network",
            title="networks",
            needs=(
                WRITABLE,
                ROOT,
                ROOM,
                *bolt(
                    "network/files/local-kv.db",
                    "docker/libkv store/boltdb/boltdb.go:New",
                    "Error initializing network controller: error obtaining controller instance: … "
                    "{error}",
                ),
            ),
        ),
        Role(
            id="docker/data-root-fuse-overlayfs",
            title="a fuse-overlayfs data-root",
            needs=(*_STATE, *FUSE_OVERLAYFS, *_THEN),
            alternative=True,
        ),
        Role(
            id="docker/data-root-vfs",
            title="a vfs data-root",
            needs=(*_STATE, *VFS, *_THEN),
            alternative=True,
        ),
        Role(
            id="docker/data-root-btrfs",
            title="a btrfs data-root",
            needs=(*_STATE, *BTRFS, *_THEN),
            alternative=True,
        ),
        Role(
            id="docker/data-root-without-layers",
            title="a data-root whose layers containerd keeps elsewhere",
            needs=(*_STATE, *WITHOUT_LAYERS, ENCODED),
            alternative=True,
        ),
        Role(
            id="docker/containerd-store",
            title="a containerd-store data-root",
            needs=(*map(synced_anyway, _STATE), *STORE, *BIND_BELOW, FOLLOWED_LINKS, *_THEN),
            alternative=True,
        ),
        Role(
            id="docker/rootless",
            title="a rootless data-root",
            needs=(*ROOTLESS, *_VOLUMES_DB),
            alternative=True,
        ),
        replace(
            _loop.DATA_ROOT,
            newer=Edition(SINCE, _loop.DATA_ROOT.title, elsewhere=KEPT_IN),
        ),
    ),
    drivers=DRIVERS,
    oldest="20.10",
    newest="28.5",
)
