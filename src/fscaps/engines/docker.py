"""Docker Engine with its classic image store and the overlay2 graphdriver.

Sources are files of moby at v20.10.24 unless another version is named; ``go-archive`` is its
layer unpacker (pkg/archive there, moby/go-archive since 28). What an engine checks is not the
measure: what then works is, and docs/reference/docker.md says how each need was measured.
"""

from __future__ import annotations

from ..model import Engine, Level, Need, Role
from ..probes import (
    directory,
    durability,
    link,
    lock,
    mmap,
    mode,
    name,
    node,
    overlay,
    owner,
    rename,
    space,
    symlink,
    time,
    xattr,
)
from . import _loop

_ANOTHER = (
    "use a local ext4 or xfs (mkfs.xfs -n ftype=1), or put such a file system on a block device "
    "of the remote storage (iSCSI, RBD, NBD) that one host mounts at a time"
)
_OTHER_DRIVERS = (
    "other storage drivers need no overlay here, at a price, and are not judged here: "
    "fuse-overlayfs is slower, vfs copies every layer in full and needs file capabilities"
)
_NOT_STARTED = "failed to start daemon: error initializing graphdriver: driver not supported"

# --- what anything of dockerd's needs -------------------------------------------------------

_WRITABLE = Need(
    (directory.writable,),
    because="dockerd creates directories and files here as soon as it starts.",
    source="daemon/daemon_unix.go:setupDaemonRoot",
    says="mkdir …: {error}\nchmod …: {error}",
    remedy="make the path writable for root: remount it rw, free space or inodes, export it with "
    "no_root_squash, clear chattr +i; or use another directory",
)
_CHANGEABLE = Need(
    (directory.changeable,),
    because="dockerd sets the mode and the owner of the directory itself.",
    source="daemon/daemon_unix.go:setupDaemonRoot; volume/local/local.go:New",
    says="chmod …: operation not permitted",
    remedy="chattr -i -a",
)
_ROOM = Need(
    (space.writable,),
    because="Without room for a few blocks nothing that dockerd keeps can be written.",
    source="pkg/ioutils/fswriters.go:atomicFileWriter.Write",
    says="{error}",
    remedy="free space, raise the quota, or use another file system",
)
_ATOMIC = (
    Need(
        (rename.replace,),
        because="Every state file is written aside and renamed over the old one.",
        source="pkg/ioutils/fswriters.go:atomicFileWriter.Close",
        says="rename …: {error}",
        remedy=_ANOTHER,
    ),
    Need(
        (durability.fsync,),
        because="Every state file is synced before it is renamed.",
        source="pkg/ioutils/fswriters.go:atomicFileWriter.Close",
        says="sync …: {error}",
        remedy=_ANOTHER,
    ),
    Need(
        (owner.chmod,),
        because="Every state file is given its mode before it is renamed.",
        source="pkg/ioutils/fswriters.go:atomicFileWriter.Close",
        says="chmod …: {error}",
        remedy=_ANOTHER,
    ),
)
_DIRECTORY_RENAME = Need(
    (rename.directory,),
    because="The metadata of each layer is written to a directory aside, which is then renamed.",
    source="pkg/ioutils/fswriters.go:AtomicWriteSet.Commit; layer/filestore.go:Commit",
    says="failed to register layer: rename …: {error}",
    remedy=_ANOTHER,
)

# --- databases ------------------------------------------------------------------------------

_BOLT = (
    Need(
        (lock.flock,),
        because="dockerd opens volumes/metadata.db and its other bbolt databases under flock(2).",
        source="vendor/go.etcd.io/bbolt/bolt_unix.go:flock; volume/service/store.go:NewStore",
        says="error while opening volume store metadata database: {error}",
        remedy="mount NFS with a lock server that answers, or with local_lock=flock if one host "
        "alone uses it; or " + _ANOTHER,
    ),
    Need(
        (mmap.coherent,),
        because="bbolt reads through a shared mapping what it writes with pwrite(2).",
        source="vendor/go.etcd.io/bbolt/bolt_unix.go:mmap",
        says="error while opening volume store metadata database: {error}",
        remedy=_ANOTHER,
    ),
    Need(
        (durability.fdatasync,),
        because="bbolt ends each transaction with fdatasync(2).",
        source="vendor/go.etcd.io/bbolt/bolt_linux.go:fdatasync",
        says="error while opening volume store metadata database: {error}",
        remedy=_ANOTHER,
    ),
)

# --- what the entries of a layer are made of ------------------------------------------------

_REGISTER = "failed to register layer: "
_CONTENT = (
    Need(
        (owner.created,),
        because="Files that root creates must belong to root; here the server gives them away.",
        source="go-archive archive.go:createTarFile",
        says=_REGISTER + "ApplyLayer … lchown …: operation not permitted",
        remedy="export with no_root_squash, drop forced owners (uid=, all_squash); or " + _ANOTHER,
    ),
    Need(
        (owner.chown,),
        because="Each entry of a layer is given its owner, whatever the number.",
        source="go-archive archive.go:createTarFile",
        says=_REGISTER + "ApplyLayer … lchown …: {error}",
        remedy="export with no_root_squash, drop forced owners; or " + _ANOTHER,
    ),
    Need(
        (owner.mode,),
        because="Each entry is given its mode; setuid, setgid and sticky must stay.",
        source="go-archive archive_unix.go:handleLChmod",
        says=_REGISTER + "ApplyLayer … chmod …: {error}",
        remedy=_ANOTHER,
    ),
    Need(
        (symlink.target,),
        because="Images are full of symbolic links.",
        source="go-archive archive.go:createTarFile",
        says=_REGISTER + "ApplyLayer … symlink …: {error}",
        remedy=_ANOTHER,
    ),
    Need(
        (owner.lchown,),
        because="Symbolic links of a layer are given their owner, too.",
        source="go-archive archive.go:createTarFile",
        says=_REGISTER + "ApplyLayer … lchown …: {error}",
        remedy=_ANOTHER,
    ),
    Need(
        (link.hard,),
        because="Images contain hard links.",
        source="go-archive archive.go:createTarFile",
        says=_REGISTER + "ApplyLayer … link …: {error}",
        remedy=_ANOTHER,
    ),
    Need(
        (link.inode,),
        level=Level.SHOULD,
        because="Hard links do not show as such, so copying them makes separate files.",
        source="daemon/graphdriver/copy/copy.go:DirCopy (by inode number)",
        remedy="have the FUSE server keep inode numbers (use_ino, inodecalc=passthrough)",
    ),
)
_NODES = (
    Need(
        (node.fifo,),
        because="Images may contain FIFOs.",
        source="go-archive archive_unix.go:handleTarTypeBlockCharFifo",
        says=_REGISTER + "ApplyLayer … {error}",
        remedy=_ANOTHER,
    ),
    Need(
        (node.device,),
        because="Images may contain device nodes.",
        source="go-archive archive_unix.go:handleTarTypeBlockCharFifo",
        says=_REGISTER + "ApplyLayer … {error}",
        remedy=_ANOTHER,
    ),
)
_CAPABILITY = Need(
    (xattr.security_capability,),
    because="Layers carry file capabilities (ping, newuidmap, many servers). Docker before 25 "
    "drops them with a warning in its log; since 25 the pull stops.",
    source="pkg/archive/archive.go:createTarFile; BestEffortXattrs there since v25.0.0",
    says=_REGISTER + "… lsetxattr …: {error}",
    remedy=_ANOTHER,
)
_NAMES = (
    Need(
        (name.length,),
        because="Images contain long names (node_modules); here they do not fit.",
        source="go-archive archive.go:createTarFile",
        says=_REGISTER + "ApplyLayer … {error}",
        remedy="leave out the layer that shortens names (eCryptfs, gocryptfs -longnamemax, encfs)",
    ),
    Need(
        (name.case,),
        level=Level.SHOULD,
        because="Of two names in an image that differ only in case, the later replaces the earlier "
        "without a word.",
        source="go-archive diff.go:UnpackLayer (an existing entry is removed first)",
        remedy="use a directory without casefold (chattr -F), a share without nocase",
    ),
    Need(
        (name.undecodable,),
        level=Level.SHOULD,
        because="An image with a name that is not UTF-8 cannot be unpacked.",
        source="go-archive archive.go:createTarFile",
        remedy="use a file system that takes names as bytes, such as ext4 or xfs",
    ),
)
_TIMES = (
    Need(
        (time.nanosecond,),
        level=Level.SHOULD,
        because="Times are cut short; changes within the same tick are missed by docker commit.",
        source="go-archive changes.go:sameFsTime",
        remedy="use a file system with nanosecond times, such as ext4 with 256-byte inodes or xfs",
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

# --- overlay2 -------------------------------------------------------------------------------

_MOUNT_FAILS = (
    "failed to mount overlay: {error}\n"
    + _NOT_STARTED
    + "\nerror creating overlay mount to …/merged: {error}"
)
_IN_CONTAINERS = "overlay mounts here, and then this fails inside containers"
_OVERLAY = (
    Need(
        (directory.d_type,),
        because="overlay2 refuses a file system whose readdir does not tell types: deleted files "
        "would reappear.",
        source="daemon/graphdriver/overlay2/overlay.go:Init; overlayutils.go:ErrDTypeNotSupported",
        says="overlay2: the backing … filesystem is formatted without d_type support, which leads "
        "to incorrect behavior.",
        remedy="format again with mkfs.xfs -n ftype=1 or mkfs.ext4 -O filetype (ext4: tune2fs -O "
        "filetype and e2fsck -f do it in place)",
    ),
    Need(
        (node.whiteout,),
        because="A deleted file of a lower layer is kept as a character device 0/0, in the layers "
        "of images as well.",
        source="go-archive archive_linux.go:overlayWhiteoutConverter.ConvertRead",
        says=_REGISTER + "ApplyLayer … failed to mknod('…', S_IFCHR, 0): {error}",
        remedy=_ANOTHER,
    ),
    Need(
        (symlink.overlay2,),
        because="overlay2 keeps a symbolic link l/<ID> -> ../<id>/diff for each layer.",
        source="daemon/graphdriver/overlay2/overlay.go:create",
        says=_REGISTER + "symlink ../<id>/diff …/overlay2/l/<ID>: {error}",
        remedy=_ANOTHER,
    ),
    Need(
        (overlay.upper,),
        because="Each container's root is an overlay whose upper and work directory lie here.",
        source="daemon/graphdriver/overlayutils/overlayutils.go:SupportsOverlay; overlay2.go:Get",
        says=_MOUNT_FAILS,
        remedy=f"{_ANOTHER}; {_loop.MOVE}; {_OTHER_DRIVERS}",
    ),
    Need(
        (overlay.copy_up,),
        because=f"Writing to a file of the image: {_IN_CONTAINERS}.",
        source="fs/overlayfs/copy_up.c:ovl_copy_up_one",
        says="{error}",
        remedy=_ANOTHER,
    ),
    Need(
        (overlay.whiteout,),
        because=f"Deleting a file of the image: {_IN_CONTAINERS}.",
        source="fs/overlayfs/dir.c:ovl_whiteout",
        says="{error}",
        remedy=_ANOTHER,
    ),
    Need(
        (overlay.opaque,),
        because=f"Deleting a directory of the image and making it anew: {_IN_CONTAINERS}.",
        source="fs/overlayfs/dir.c:ovl_create_over_whiteout, ovl_set_opaque",
        says="{error}",
        remedy=_ANOTHER,
    ),
    Need(
        (overlay.rename,),
        because=f"Renaming a file of the image: {_IN_CONTAINERS}.",
        source="fs/overlayfs/dir.c:ovl_rename",
        says="{error}",
        remedy=_ANOTHER,
    ),
    Need(
        (overlay.special,),
        because=f"Links, owners, FIFOs, device nodes, setuid, running programs: {_IN_CONTAINERS}.",
        source="fs/overlayfs/dir.c:ovl_link, ovl_create_object",
        says="{error}",
        remedy=_ANOTHER,
    ),
    Need(
        (overlay.remount,),
        because="What a container changed must be there when it is started again.",
        source="daemon/graphdriver/overlay2/overlay.go:Get",
        remedy=_ANOTHER,
    ),
    Need(
        (overlay.native_diff,),
        level=Level.SHOULD,
        because="Layers are unpacked and compared through the mount, which is slower.",
        source="daemon/graphdriver/overlay2/check.go:doesSupportNativeDiff",
        says="Not using native diff for overlay2, this may cause degraded performance for "
        "building images",
        remedy="load the overlay module with redirect_dir=off (a kernel parameter, not a mount's)",
    ),
)
_OPTION = Need(
    (name.option,),
    because="dockerd writes the path into the options of the overlay mount as it is, where a colon "
    "separates layers and a comma options.",
    source="daemon/graphdriver/overlayutils/overlayutils.go:SupportsOverlay",
    says="failed to mount overlay: no such file or directory\n" + _NOT_STARTED,
    remedy="use a path without colon, comma and backslash; a bind mount at such a path will do",
)
_LAYERS = (*_CONTENT, *_NODES, _CAPABILITY, *_NAMES, *_TIMES)

# --- volumes --------------------------------------------------------------------------------

_BIND = (
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
        remedy=_ANOTHER,
    ),
    Need(
        (directory.open_unlink,),
        level=Level.SHOULD,
        because="A directory cannot be removed while a file deleted from it is open: rm -r in a "
        "container and docker volume rm fail until it is closed.",
        source="volume/local/local.go:removePath",
        says="error removing volume path '…': … directory not empty",
        remedy=_ANOTHER,
    ),
)
_VOLUMES = (_WRITABLE, _CHANGEABLE, _ROOM, *_ATOMIC, *_BOLT, *_CONTENT, _TIMES[0])

ENGINE = Engine(
    id="docker",
    title="Docker Engine, classic image store",
    roles=(
        Role(
            id="docker/data-root",
            title="a whole Docker data-root",
            needs=(
                _WRITABLE,
                _CHANGEABLE,
                _ROOM,
                _OPTION,
                *_OVERLAY,
                *_LAYERS,
                *_ATOMIC,
                _DIRECTORY_RENAME,
                *_BOLT,
                *_BIND,
            ),
        ),
        Role(
            id="docker/overlay2",
            title="overlay2 layers",
            needs=(
                _WRITABLE,
                _CHANGEABLE,
                _ROOM,
                *_OVERLAY,
                *_LAYERS,
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
        ),
        Role(
            id="docker/volumes",
            title="named volumes",
            needs=(*_VOLUMES, *_BIND),
        ),
        Role(
            id="docker/image",
            title="image metadata",
            needs=(_WRITABLE, _ROOM, *_ATOMIC, _DIRECTORY_RENAME),
        ),
        _loop.DATA_ROOT,
    ),
)
