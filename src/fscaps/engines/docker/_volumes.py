"""What programs do on a bind mount of a directory: volumes, and drivers without an overlay."""

from __future__ import annotations

from dataclasses import replace

from ...model import Level, Need
from ...probes import directory, link, lock, mode, node, owner, rename, symlink
from .._remedies import FOLLOWED, LOCAL, OPEN
from .._unpacking import LINKED, LISTING
from ._daemon import WRITABLE
from ._layers import CONTENT, TIMES

MADE = replace(
    WRITABLE,
    source="volume/local/local.go:New; volume/service/store.go:NewStore",
    says="error setting up default driver: …: {error}\n"
    "error while opening volume store metadata database…: {error}",
)
"""In place of WRITABLE where volumes alone lie here."""
_COPIED = {
    owner.chown: "failed to chown …/_data…: {error}",
    owner.mode: "failed to chmod …/_data…: {error}",
    owner.lchown: "failed to chown …/_data…: {error}",
    symlink.target: "failed to create symlink: …/_data…: {error}",
    link.hard: "failed to create hard link: …/_data…: {error}",
}
COPY = (
    *(
        replace(
            need,
            source="container/container_unix.go:copyExistingContents; containerd/continuity "
            "fs/copy.go:copyDirectory",
            says=_COPIED.get(need.any_of[0], need.says),
        )
        for need in CONTENT
    ),
    TIMES[0],
)
"""What an image has at a volume's place is copied into a volume that is empty."""

BIND = (
    Need(
        (mode.execute,),
        level=Level.SHOULD,
        because="noexec: programs on named volumes, plugins and runtime wrappers do not run. "
        "Overlay containers are not affected.",
        source="daemon/runtime_unix.go:initRuntimes; mount(8), which a bind mount inherits",
        says="permission denied",
        remedy="mount -o remount,exec",
    ),
    Need(
        (mode.setuid,),
        level=Level.SHOULD,
        because="nosuid: setuid programs and file capabilities on named volumes have no effect. "
        "Overlay containers are not affected.",
        source="mount(8), which a bind mount inherits",
        remedy="mount -o remount,suid",
    ),
    Need(
        (node.device_open,),
        level=Level.SHOULD,
        because="nodev: device nodes on named volumes cannot be opened. Overlay containers are not "
        "affected.",
        source="mount(8), which a bind mount inherits",
        remedy="mount -o remount,dev",
    ),
    Need(
        (mode.others,),
        level=Level.SHOULD,
        because="Only root can use a volume; programs of containers that run as another user, as "
        "most databases do, cannot open a file there.",
        source="mount.fuse3(8), allow_other; mount(8), which a bind mount inherits",
        says="permission denied",
        remedy=OPEN,
    ),
    Need(
        (lock.posix,),
        level=Level.SHOULD,
        because="Databases on volumes (SQLite, …) lock with fcntl(2).",
        source="sqlite.org/lockingv3.html",
        remedy="mount NFS with a lock server that answers; keep databases on a local volume",
    ),
    Need(
        (rename.replace_open,),
        level=Level.SHOULD,
        because="A file on a volume cannot be replaced while another process reads it.",
        source="rename(2)",
        remedy=LOCAL,
    ),
    Need(
        (directory.open_unlink,),
        level=Level.SHOULD,
        because="A directory cannot be removed while a file deleted from it is open: rm -r in a "
        "container and docker volume rm fail until it is closed.",
        source="volume/local/local.go:removePath",
        says="error removing volume path '…': … directory not empty",
        remedy=LOCAL,
    ),
    LISTING,
    LINKED,
)
BIND_BELOW = tuple(
    replace(
        need,
        any_of=(mode.below,),
        because="Only root can use a volume: the server has other users pass the directories above "
        "it, which dockerd closes to them. Programs of containers that run as another user, as "
        "most databases do, cannot open a file there.",
        source="daemon/daemon_unix.go:setupDaemonRoot (0710); mount.fuse3(8), allow_other; "
        "measured on mergerfs",
        remedy=f"{OPEN}; or {LOCAL}",
    )
    if need.any_of == (mode.others,)
    else need
    for need in BIND
)
"""The same where the volumes lie in a data-root, which root alone may pass."""
FOLLOWED_LINKS = Need(
    (symlink.overlay2,),
    level=Level.SHOULD,
    because="nosymfollow: symbolic links on named volumes are not followed.",
    source="mount(8), which a bind mount inherits",
    says="too many levels of symbolic links",
    remedy=FOLLOWED,
)
"""For roles that have no other use for symbolic links of the engine's own."""
