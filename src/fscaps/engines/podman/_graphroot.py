"""What any graphroot needs, whoever runs podman and with whichever driver."""

from __future__ import annotations

from ...model import Level, Need
from ...probes import directory, durability, lock, mmap, mode, name, owner, rename, space
from .._remedies import LOCAL, LOCKS, OPEN, PLAIN_PATH, ROOM, WRITABLE as REMOUNT

MOUNT_PROGRAM = (
    "install fuse-overlayfs, which podman then takes by itself (or name it as mount_program in "
    "storage.conf)"
)
HOST_CHECK = "drivers/overlay/overlay.go:supportsOverlay"
SAYS_UNSUPPORTED = (
    "kernel does not support overlay fs: 'overlay' is not supported over … at \"…/overlay\": "
    "backing file system is unsupported for this graph driver"
)
NO_PROGRAM = "5.8.6"
"""With containers/storage 1.64 (Debian's), which goes on to other drivers; 1.62 did not."""
_NOT_FOUND = (
    "configure storage: native overlay not supported and fuse-overlayfs not found: backing file "
    "system is unsupported for this graph driver"
)
UNSUPPORTED_SINCE = ((NO_PROGRAM, _NOT_FOUND),)
ASKS_NO_MORE = "5"
"""Whoever packages it has a fuse-overlayfs that asks for no access control lists: 1.11 is a year
older. Nothing in podman wants that, so it is told."""
SQLITE = "4.8"
"""Since then podman keeps its database in SQLite, unless it finds one of bbolt."""

WRITABLE = Need(
    (directory.writable,),
    because="podman creates directories and files here as soon as it starts.",
    source="podman v4.3.1 libpod/runtime.go:makeRuntime",
    says="creating runtime static files directory: mkdir …/libpod: {error}",
    remedy=REMOUNT,
    reworded=(
        ("4.8", 'creating runtime static files directory "…/libpod": mkdir …/libpod: {error}'),
    ),
)
GRAPHROOT = (
    WRITABLE,
    Need(
        (space.writable,),
        because="Without room for a few blocks nothing can be kept.",
        source="pkg/ioutils/fswriters.go:atomicFileWriter.Write",
        says="{error}",
        remedy=ROOM,
    ),
    Need(
        (lock.posix,),
        because="Each use of images, layers and containers takes a lock by fcntl(2); where that "
        "fails, podman tries again every 10 ms for ever, and says nothing. SQLite takes such locks "
        "too.",
        source="pkg/lockfile/lockfile_unix.go:lock (internal/rawfilelock since v1.59); podman "
        "v5.8.0 libpod/sqlite_state.go, measured with 5.8.6: F_SETLK on db.sql",
        says="(nothing: it hangs)",
        remedy=LOCKS,
    ),
    Need(
        (rename.replace,),
        because="Every state file is written aside and renamed over the old one.",
        source="pkg/ioutils/fswriters.go:atomicFileWriter.Close",
        says="rename …: {error}",
        remedy=LOCAL,
    ),
    Need(
        (durability.fdatasync,),
        because="Every state file is synced before it is renamed; so are SQLite's database and its "
        "journal.",
        source="pkg/ioutils/fswriters.go:atomicFileWriter.Close; podman v5.8.0 libpod/"
        "sqlite_state.go (_sync=FULL)",
        says="{error}",
        remedy=LOCAL,
    ),
    Need(
        (owner.chmod,),
        because="Every state file is given its mode before it is renamed.",
        source="pkg/ioutils/fswriters.go:atomicFileWriter.Close",
        says="chmod …: {error}",
        remedy=LOCAL,
    ),
    Need(
        (lock.flock,),
        because="podman before 4.8 opens its bbolt database under flock(2), and so does a newer "
        "one that finds such a database here; else it has SQLite, which locks by fcntl(2).",
        source="podman v4.3.1 libpod/boltdb_state.go:NewBoltState; v4.8.0 libpod/runtime.go:"
        "getDBState; measured with flock(2) refused: 4.3.1 fails, 5.8.6 does not call it",
        says="opening database …/libpod/bolt_state.db: {error}",
        remedy=f"podman 4.8 or newer (SQLite) needs none; or {LOCKS}",
        before=SQLITE,
    ),
    Need(
        (mmap.shown,),
        because="bbolt, the database of podman before 4.8 and of a newer one that finds it here, "
        "reads through a shared mapping what it writes with pwrite(2). SQLite, without a "
        "write-ahead log as podman has it, maps nothing.",
        source="podman v4.3.1 vendor/go.etcd.io/bbolt/bolt_unix.go:mmap; v5.8.0 libpod/"
        "sqlite_state.go:sqliteOptions; measured on FUSE with direct_io",
        says="opening database …/libpod/bolt_state.db: {error}",
        remedy=f"podman 4.8 or newer (SQLite) needs no mapping; or {LOCAL}",
        before=SQLITE,
    ),
    Need(
        (mmap.made,),
        because="bbolt maps its database by the descriptor that has made it.",
        source="podman v4.3.1 vendor/go.etcd.io/bbolt/bolt_unix.go:mmap; v5.8.0 libpod/"
        "sqlite_state.go:sqliteOptions; measured on FUSE with direct_io",
        says="opening database …/libpod/bolt_state.db: {error}",
        remedy=f"podman 4.8 or newer (SQLite) needs no mapping; or {LOCAL}",
        before=SQLITE,
    ),
)
VOLUMES = (
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
        because="A directory cannot be removed while a file deleted from it is open: rm -r on a "
        "volume fails until it is closed.",
        source="podman v4.3.1 libpod/volume_internal.go:teardownStorage",
        says="… directory not empty",
        remedy=LOCAL,
    ),
)
BELOW = Need(
    (mode.below,),
    level=Level.SHOULD,
    because="Only root can use a volume: the server has other users pass the directories above it, "
    "which podman closes to them. Programs of containers that run as another user, as most "
    "databases do, cannot open a file there.",
    source="libpod newVolume (MkdirAll with 0700); mount.fuse3(8), allow_other; measured on "
    "mergerfs",
    says="permission denied",
    remedy=f"{OPEN}; or {LOCAL}",
)
COLON = Need(
    (name.colon,),
    because="podman hands the path of a log to crun, which takes what stands before a colon for "
    "its type.",
    source="podman v4.3.1 libpod/oci_conmon_common.go; crun 1.8.1 src/libcrun/error.c:"
    "libcrun_init_logging",
    says="OCI runtime error: crun: unknown log type …",
    remedy=PLAIN_PATH,
)
SHORT = Need(
    (name.sqlite,),
    because="Since 4.8 podman keeps its database in SQLite, which takes no longer path.",
    source="podman v4.8.0 libpod/sqlite_state.go:NewSqliteState; sqlite src/pager.c:"
    "sqlite3PagerOpen; measured with 5.8.6",
    says="beginning transaction: unable to open database file: …",
    remedy="use a shorter path; a bind mount at one will do",
    since=SQLITE,
)
UTF8 = Need(
    (name.utf8,),
    because="podman reads and writes paths in TOML and JSON, which take UTF-8 only.",
    source="measured: storage.conf of podman 4.3.1",
    says="invalid UTF-8 byte: …",
    remedy="use a path that is UTF-8; a bind mount at such a path will do",
)
OPTION = Need(
    (name.option,),
    because="podman writes the path into the options of the overlay mount as it is, where a colon "
    "separates layers and a comma options.",
    source="drivers/overlay/overlay.go:get",
    says=SAYS_UNSUPPORTED,
    remedy=PLAIN_PATH,
    reworded=UNSUPPORTED_SINCE,
)
