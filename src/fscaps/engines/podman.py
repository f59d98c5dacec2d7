"""Podman, Buildah and CRI-O, whose images and containers lie in a containers/storage graphroot.

Sources are files of containers/storage at v1.43.0, which podman 4.3.1 has, unless another project
or version is named. What it checks is not the measure: docs/reference/podman.md says how each need
was measured, and where Buildah and CRI-O differ.
"""

from __future__ import annotations

from dataclasses import replace

from ..model import Driver, Engine, Level, Need, Role
from ..probes import (
    directory,
    durability,
    fuse,
    lock,
    magic,
    mmap,
    mode,
    name,
    node,
    overlay,
    owner,
    rename,
    rootless,
    space,
    symlink,
    xattr,
)
from . import _loop, _unpacking
from ._remedies import FILETYPE, LOCAL, LOCKS, OPEN, PLAIN_PATH, ROOM, WRITABLE

_UNPACK = "pkg/archive/archive.go:createTarFile"
_BLOB = 'writing blob: adding layer with blob "sha256:…": processing tar file('
_MOUNT_PROGRAM = (
    "install fuse-overlayfs, which podman then takes by itself (or name it as mount_program in "
    "storage.conf)"
)
_ELSEWHERE = (
    "give the user a directory on a local file system and name it as graphroot in "
    "~/.config/containers/storage.conf (or rootless_storage_path in /etc/containers/storage.conf)"
)
_EROFS = f"{_loop.SHARE}; or {LOCAL}"
_HOST_CHECK = "drivers/overlay/overlay.go:supportsOverlay"
_SAYS_UNSUPPORTED = (
    "kernel does not support overlay fs: 'overlay' is not supported over … at \"…/overlay\": "
    "backing file system is unsupported for this graph driver"
)

# --- what any graphroot needs ---------------------------------------------------------------

_GRAPHROOT = (
    Need(
        (directory.writable,),
        because="podman creates directories and files here as soon as it starts.",
        source="podman v4.3.1 libpod/runtime.go:makeRuntime",
        says="creating runtime static files directory: mkdir …/libpod: {error}",
        remedy=WRITABLE,
    ),
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
        "fails, podman tries again every 10 ms for ever, and says nothing.",
        source="pkg/lockfile/lockfile_unix.go:lock (internal/rawfilelock since v1.59)",
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
        because="Every state file is synced before it is renamed.",
        source="pkg/ioutils/fswriters.go:atomicFileWriter.Close",
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
        because="podman 4 opens its bbolt database under flock(2); podman 5 has SQLite, which "
        "locks by fcntl(2).",
        source="podman v4.3.1 libpod/boltdb_state.go:NewBoltState; libpod/sqlite_state.go",
        says="opening database …/libpod/bolt_state.db: {error}",
        remedy=LOCKS,
    ),
    Need(
        (mmap.coherent,),
        because="bbolt, podman 4's database, reads through a shared mapping what it writes with "
        "pwrite(2).",
        source="podman v4.3.1 vendor/go.etcd.io/bbolt/bolt_unix.go:mmap",
        says="opening database …/libpod/bolt_state.db: {error}",
        remedy=f"podman 5 (SQLite) needs no mapping; or {LOCAL}",
    ),
)
_VOLUMES = (
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
_OTHERS = Need(
    (mode.others,),
    level=Level.SHOULD,
    because="Only root can use a volume; programs of containers that run as another user, as most "
    "databases do, cannot open a file there.",
    source="mount.fuse3(8), allow_other; mount(8), which a bind mount inherits",
    says="permission denied",
    remedy=OPEN,
)
_COLON = Need(
    (name.colon,),
    because="podman hands the path of a log to crun, which takes what stands before a colon for "
    "its type.",
    source="podman v4.3.1 libpod/oci_conmon_common.go; crun 1.8.1 src/libcrun/error.c:"
    "libcrun_init_logging",
    says="OCI runtime error: crun: unknown log type …",
    remedy=PLAIN_PATH,
)
_UTF8 = Need(
    (name.utf8,),
    because="podman reads and writes paths in TOML and JSON, which take UTF-8 only.",
    source="measured: storage.conf of podman 4.3.1",
    says="invalid UTF-8 byte: …",
    remedy="use a path that is UTF-8; a bind mount at such a path will do",
)
_OPTION = Need(
    (name.option,),
    because="podman writes the path into the options of the overlay mount as it is, where a colon "
    "separates layers and a comma options.",
    source="drivers/overlay/overlay.go:get",
    says=_SAYS_UNSUPPORTED,
    remedy=PLAIN_PATH,
)

# --- what the entries of a layer are made of ------------------------------------------------

_ENTRIES = _unpacking.entries(_UNPACK, _BLOB)
_DEVICES = _unpacking.devices(_UNPACK, _BLOB)
_NAMES = _unpacking.names(_UNPACK, _BLOB)
_ATTRIBUTES = (
    Need(
        (xattr.declined,),
        because="An attribute of a layer that is refused otherwise than as not supported ends the "
        "pull.",
        source=_UNPACK,
        says=_BLOB + "lsetxattr …: {error}",
        remedy=LOCAL,
    ),
    Need(
        (xattr.security_capability,),
        level=Level.SHOULD,
        because="File capabilities of an image are lost, with a warning in the log: ping, "
        "newuidmap and many servers then lack them.",
        source=_UNPACK,
        says="ignored xattrs in archive: underlying filesystem doesn't support them",
        remedy=LOCAL,
    ),
    Need(
        (xattr.user,),
        level=Level.SHOULD,
        because="A layer that carries user.* attributes loses them; few do. tmpfs before Linux 6.6 "
        "is the usual case.",
        source=_UNPACK,
        says="ignored xattrs in archive: underlying filesystem doesn't support them",
        remedy="mount with user_xattr, or use ext4 or xfs",
    ),
)
_ROOTFUL = (*_GRAPHROOT, _UTF8, *_ENTRIES, _DEVICES, *_ATTRIBUTES, *_NAMES, *_VOLUMES)

# --- drivers --------------------------------------------------------------------------------

_D_TYPE = Need(
    (directory.d_type,),
    because="podman refuses a file system whose readdir does not tell types, and does not then "
    "look for another driver.",
    source=f"{_HOST_CHECK}; drivers/overlayutils/overlayutils.go:ErrDTypeNotSupported",
    says="kernel does not support overlay fs: overlay: the backing … filesystem is formatted "
    "without d_type support, which leads to incorrect behavior.… Running without d_type is not "
    "supported.: driver not supported",
    remedy=f"{FILETYPE}; or {_MOUNT_PROGRAM}",
)
_WHITEOUT = Need(
    (node.whiteout,),
    because="A deleted file of a lower layer is kept as a character device 0/0, in the layers of "
    "images as well.",
    source=f"{_HOST_CHECK}; pkg/archive/archive_linux.go:overlayWhiteoutConverter.ConvertRead",
    says="kernel does not support overlay fs: unable to create kernel-style whiteout: {error}",
    remedy=f"{_MOUNT_PROGRAM}; or {LOCAL}",
)
_LISTED = Need(
    (magic.podman_overlay,),
    because="podman refuses overlay over aufs, overlay and eCryptfs by their names, whatever they "
    "can; before v1.44 over ZFS as well.",
    source="drivers/overlay/overlay.go:Init",
    says="'overlay' is not supported over …, a mount_program is required: backing file system is "
    "unsupported for this graph driver",
    remedy=f"{_MOUNT_PROGRAM}; or {LOCAL}",
)
_MOUNT = Need(
    (overlay.upper,),
    because="Each container's root is an overlay whose upper and work directory lie here.",
    source=f"{_HOST_CHECK}; get",
    says=_SAYS_UNSUPPORTED,
    remedy=f"{_MOUNT_PROGRAM}; or {LOCAL}",
)
_PRIVATE = Need(
    (mode.bindable,),
    because="overlay takes no layer from an unbindable mount.",
    source=f"{_HOST_CHECK}; fs/namespace.c:clone_private_mount",
    says=_SAYS_UNSUPPORTED,
    remedy="mount --make-private",
)
_OVERLAY = (
    _OTHERS,
    _OPTION,
    _PRIVATE,
    _D_TYPE,
    _WHITEOUT,
    _LISTED,
    Need(
        (xattr.overlay_opaque,),
        because="A directory that replaces one of a lower layer is marked opaque when the layer "
        "is unpacked.",
        source="pkg/archive/archive_linux.go:ConvertReadWithHandler",
        says=_BLOB + "{error}): exit status 1",
        remedy=f"{_MOUNT_PROGRAM}; or {LOCAL}",
    ),
    Need(
        (symlink.overlay2,),
        because="podman keeps a symbolic link l/<ID> -> ../<id>/diff for each layer.",
        source="drivers/overlay/overlay.go:create",
        says="symlink ../<id>/diff …/overlay/l/<ID>: {error}",
        remedy=LOCAL,
    ),
    _MOUNT,
    *_unpacking.USED_OVERLAY,
    Need(
        (overlay.native_diff,),
        level=Level.SHOULD,
        because="Layers are compared through the mount, which is slower.",
        source="drivers/overlay/check.go:doesSupportNativeDiff",
        says="Not using native diff for overlay, this may cause degraded performance for building "
        "images",
        remedy="load the overlay module with redirect_dir=off (a kernel parameter, not a mount's)",
    ),
)
_BINDABLE = Need(
    (mode.bindable,),
    because="podman binds the directory of its driver upon itself.",
    source="drivers/overlay/overlay.go:Init (mount.MakePrivate)",
    says="mount …/overlay:…/overlay, flags: 0x1000: invalid argument",
    remedy="mount --make-private",
)
_COMMA = Need(
    (name.comma,),
    because="podman writes the path into the options of fuse-overlayfs as it is, where a comma "
    "separates options.",
    source="drivers/overlay/overlay.go:get",
    says='creating overlay mount to …/merged, mount_data="…": using mount program '
    "fuse-overlayfs: …: exit status 1",
    remedy=PLAIN_PATH,
)
_BY_PROGRAM = (
    _OTHERS,
    Need(
        (fuse.device,),
        because="Each container's root is a FUSE mount of the program fuse-overlayfs.",
        source="drivers/overlay/overlay.go:get",
        says="using mount program fuse-overlayfs: … fuse: device not found, try 'modprobe fuse' "
        "first",
        remedy="modprobe fuse; in a container, give it /dev/fuse",
    ),
    _COLON,
    _COMMA,
    Need(
        (directory.d_type,),
        level=Level.SHOULD,
        because="Where readdir does not tell types, fuse-overlayfs counts the links of device "
        "nodes wrong.",
        source="measured with fuse-overlayfs 1.10 on ext4 -O ^filetype and fuse2fs",
        remedy=FILETYPE,
    ),
    Need(
        (xattr.acl_asked,),
        because="fuse-overlayfs passes on what it hears about access control lists. Where that is "
        '"not supported", the kernel opens no file of another user\'s, and a container whose image '
        "has a volume does not start.",
        source="fs/fuse/acl.c:fuse_get_acl; fuse-overlayfs main.c:ovl_getxattr; measured on ramfs "
        "and ntfs-3g",
        says='copier: get: "/"("/"): opening directory for adding its contents to archive: '
        "open …: operation not supported",
        remedy="mount with acl, use the vfs driver, or " + LOCAL,
    ),
    Need(
        (name.hidden,),
        because="With fuse-overlayfs a file that a layer deletes is kept as a file .wh.NAME.",
        source="drivers/overlay/overlay.go:getWhiteoutFormat",
        says=_BLOB + "open ….wh.…: {error}): exit status 1",
        remedy=LOCAL,
    ),
    _BINDABLE,
    Need(
        (),
        level=Level.SHOULD,
        because="What is built or committed with fuse-overlayfs may be wrong, on every file "
        "system: a directory that was deleted and made again has its old files back.",
        source="drivers/fsdiff.go:NaiveDiffDriver.Diff; measured with podman 4.3.1, "
        "fuse-overlayfs 1.10",
        remedy="use it to run images, and build them where the kernel's overlay works",
    ),
)

_OPEN_TO_ALL = replace(
    _OTHERS,
    level=Level.MUST,
    because="The root of a container is a bind mount of its layer, in which only root could do "
    "anything.",
    source="drivers/vfs/driver.go:Get; fs/fuse/dir.c:fuse_allow_current_process",
)

# --- rootless -------------------------------------------------------------------------------

_ROOTLESS = (
    Need(
        (owner.created,),
        because="Files that a user creates must belong to him; here the server gives them away.",
        source=_UNPACK,
        says=_BLOB + "lchown …: operation not permitted",
        remedy="drop forced owners (uid=, all_squash); or " + LOCAL,
    ),
    Need(
        (rootless.files,),
        because="podman works as root of a user namespace in which the user's id is 0.",
        source="podman v4.3.1 rootless.md; libpod/boltdb_state.go:NewBoltState",
        says="opening database …/libpod/bolt_state.db: open …/libpod/bolt_state.db: {error}",
        remedy=_ELSEWHERE,
    ),
    Need(
        (rootless.owners,),
        because="Each entry of a layer is given its owner, one of the user's subordinate ids; a "
        "server knows nothing of user namespaces and refuses.",
        source="pkg/idtools/idtools.go:SafeLchown; podman v4.3.1 rootless.md",
        says=_BLOB + "potentially insufficient UIDs or GIDs available in user namespace "
        "(requested … for …): Check /etc/subuid and /etc/subgid if configured locally and run "
        "podman-system-migrate: lchown …: {error}",
        remedy=_ELSEWHERE,
    ),
    *_unpacking.modes_and_links(_UNPACK, _BLOB),
    Need(
        (xattr.user,),
        because="Both the kernel's overlay, for a user, and fuse-overlayfs keep their marks in "
        "user.* attributes.",
        source="pkg/archive/archive_linux.go:getOverlayOpaqueXattrName; drivers/overlay/check.go",
        says=_BLOB + "{error}): exit status 1",
        remedy="mount with user_xattr (tmpfs: Linux 6.6); or " + _ELSEWHERE,
    ),
    Need(
        (symlink.overlay2,),
        because="podman keeps a symbolic link l/<ID> -> ../<id>/diff for each layer.",
        source="drivers/overlay/overlay.go:create",
        says="symlink ../<id>/diff …/overlay/l/<ID>: {error}",
        remedy=LOCAL,
    ),
    _COLON,
    _COMMA,
    *_NAMES,
    Need(
        (overlay.userxattr, name.hidden),
        because="Neither the kernel's overlay works here for a user nor fuse-overlayfs, which "
        "keeps a file that a layer deletes as a file .wh.NAME.",
        source="drivers/overlay/overlay.go:getWhiteoutFormat",
        says=_BLOB + "open ….wh.…: {error}): exit status 1",
        remedy=_ELSEWHERE,
    ),
    Need(
        (overlay.userxattr, xattr.acl_asked),
        because="Neither the kernel's overlay works here for a user nor fuse-overlayfs, which "
        "passes on what it hears about access control lists: not supported.",
        source="drivers/overlay/overlay.go:Init; fs/fuse/acl.c:fuse_get_acl",
        says='copier: get: "/"("/"): opening directory for adding its contents to archive: '
        "open …: operation not supported",
        remedy=_ELSEWHERE,
    ),
    Need(
        (overlay.userxattr, fuse.device),
        because="Neither the kernel's overlay works here for a user nor fuse-overlayfs, for want "
        "of /dev/fuse.",
        source="drivers/overlay/overlay.go:Init, SupportsNativeOverlay",
        says=_SAYS_UNSUPPORTED,
        remedy="modprobe fuse; in a container, give it /dev/fuse; or " + _ELSEWHERE,
    ),
    Need(
        (overlay.userxattr,),
        level=Level.SHOULD,
        because="The kernel's overlay does not work here for a user. podman then takes "
        "fuse-overlayfs if that is installed and /dev/fuse may be opened, and fails if not.",
        source="drivers/overlay/overlay.go:Init, SupportsNativeOverlay",
        says="using mount program …; or: " + _SAYS_UNSUPPORTED,
        remedy=_MOUNT_PROGRAM,
    ),
    Need(
        (name.option,),
        level=Level.SHOULD,
        because="The path is too long for podman's test of the kernel's overlay, so that it takes "
        "fuse-overlayfs.",
        source=_HOST_CHECK,
        says=_SAYS_UNSUPPORTED,
        remedy="use a shorter path; a bind mount at one will do",
    ),
    Need(
        (magic.podman_rootless,),
        because="podman refuses the kernel's overlay for a user on network file systems, by their "
        "names. With fuse-overlayfs it enforces force_mask=700, which notes owner and mode of each "
        "entry in a user.* attribute; a FIFO can have none, so an image with one is not unpacked.",
        source="drivers/overlay/overlay.go:isNetworkFileSystem, Init; pkg/archive/archive.go:"
        "createTarFile; measured on NFS 4.2",
        says="a network file system with user namespaces is not supported.  Please use a "
        "mount_program: backing file system is unsupported for this graph driver\n"
        + _BLOB
        + "lsetxattr …: operation not permitted",
        remedy=_ELSEWHERE,
    ),
    Need(
        (rootless.capability,),
        level=Level.SHOULD,
        because="File capabilities of an image are lost, with a warning in the log.",
        source=_UNPACK,
        says="ignored xattrs in archive: underlying filesystem doesn't support them",
        remedy=LOCAL,
    ),
    Need(
        (mode.execute,),
        level=Level.SHOULD,
        because="noexec: programs on volumes do not run, and a user cannot change that by an "
        "option of the volume. The containers themselves are not affected.",
        source="mount(8), which a bind mount inherits",
        says="permission denied",
        remedy="mount -o remount,exec",
    ),
    *_VOLUMES,
)

# --- an image store that is only read -------------------------------------------------------

_COPIED = "measured: cp --archive of a filled graphroot"
_STORE = (
    _UTF8,
    Need(
        (directory.writable,),
        because="The store is copied here, from the graphroot of a podman that has the images.",
        source=_COPIED,
        says="cp: cannot create directory '…': {error}",
        remedy="ask on the host that may write here; " + WRITABLE,
    ),
    Need(
        (directory.changeable,),
        because="The copy sets owner, mode and times of the directory itself.",
        source=_COPIED,
        says="cp: preserving times for '…': Operation not permitted",
        remedy="chattr -i -a",
    ),
    Need(
        (space.writable,),
        because="Without room for a few blocks nothing can be copied here.",
        source=_COPIED,
        says="cp: error writing '…': {error}",
        remedy=ROOM,
    ),
    *_unpacking.entries(_COPIED, "cp: "),
    _unpacking.devices(_COPIED, "cp: cannot create special file '…': "),
    Need(
        (node.whiteout,),
        because="A deleted file of a lower layer is a character device 0/0 in the store.",
        source=_COPIED,
        says="cp: cannot create special file '…': {error}",
        remedy=_EROFS,
    ),
    Need(
        (symlink.overlay2,),
        because="The store has a symbolic link l/<ID> -> ../<id>/diff for each layer.",
        source="drivers/overlay/overlay.go:create",
        says="cp: cannot create symbolic link '…': {error}",
        remedy=_EROFS,
    ),
    Need(
        (lock.posix,),
        because="Each reader takes read locks by fcntl(2) on the store's lock files; where that "
        "fails, podman tries again every 10 ms for ever, and says nothing.",
        source="pkg/lockfile/lockfile_unix.go:lock",
        says="(nothing: it hangs)",
        remedy=LOCKS,
    ),
    Need(
        (overlay.lower,),
        because="The layers of the store are the lower layers of each container's root.",
        source="drivers/overlay/overlay.go:get",
        says='creating overlay mount to …/merged, mount_data="…": {error}',
        remedy=_EROFS,
    ),
    Need(
        (name.option,),
        because="podman writes the path into the options of the overlay mount as it is, where a "
        "colon separates layers and a comma options.",
        source="drivers/overlay/overlay.go:get",
        says='creating overlay mount to …/merged, mount_data="…": {error}',
        remedy=PLAIN_PATH,
    ),
    Need(
        (mode.bindable,),
        because="overlay takes a private copy of the mount that its lower layers lie on.",
        source="fs/overlayfs/super.c:ovl_get_layers (clone_private_mount)",
        says='creating overlay mount to …/merged, mount_data="…": invalid argument',
        remedy="mount --make-private",
    ),
    Need(
        (xattr.overlay_opaque,),
        because="The mark of a directory that replaces one of a lower layer is lost (NFS, SMB and "
        "9p keep no trusted.*), and what the image deleted is there again, without a word. Broken "
        "is each image one of whose layers replaces a directory: RUN rm -r d && mkdir d, a package "
        "removed and installed again. Images without such a layer are whole.",
        source="fs/overlayfs/util.c:ovl_path_is_opaquedir; measured: 'data/dir-opaque/old': there, "
        "but should not be",
        says="(nothing: files that the image deleted are there again)",
        remedy=_EROFS,
    ),
    Need(
        (directory.d_type,),
        because="Where readdir does not tell types, listings show what the image deleted, without "
        "a word. Broken is each image one of whose layers deletes something of a lower one.",
        source="fs/overlayfs/readdir.c:ovl_cache_entry_new; measured: 'data/file-deleted': there, "
        "but should not be",
        says="(nothing: files that the image deleted are listed)",
        remedy=FILETYPE,
    ),
    Need(
        (xattr.security_capability,),
        level=Level.SHOULD,
        because="File capabilities of an image are lost when the store is copied here.",
        source=_COPIED,
        remedy=_EROFS,
    ),
    Need(
        (xattr.user,),
        level=Level.SHOULD,
        because="user.* attributes of an image are lost when the store is copied here; few images "
        "have any.",
        source=_COPIED,
        remedy=_EROFS,
    ),
    *_unpacking.names(_COPIED, "cp: cannot create '…': "),
)

_FULL_COPY = "copies every layer and every container in full"

ENGINE = Engine(
    id="podman",
    title="Podman, Buildah, CRI-O (containers/storage)",
    roles=(
        Role(
            id="podman/overlay",
            title="a whole podman graphroot",
            needs=(*_ROOTFUL, *_OVERLAY),
        ),
        Role(
            id="podman/fuse-overlayfs",
            title="a graphroot with fuse-overlayfs",
            needs=(*_ROOTFUL, *_BY_PROGRAM),
            alternative=True,
        ),
        Role(
            id="podman/vfs",
            title="a graphroot with vfs",
            needs=(*_ROOTFUL, _COLON, _OPEN_TO_ALL),
            alternative=True,
        ),
        Role(
            id="podman/rootless",
            title="a rootless graphroot",
            needs=(*_GRAPHROOT, _UTF8, *_ROOTLESS),
            alternative=True,
        ),
        Role(
            id="podman/additional-image-store",
            title="an image store that is only read",
            needs=_STORE,
            alternative=True,
        ),
        _loop.IMAGE_STORE,
    ),
    drivers=(
        Driver(
            "overlay", "podman/overlay", (_D_TYPE, _WHITEOUT, _LISTED, _OPTION, _PRIVATE, _MOUNT)
        ),
        Driver(
            "fuse-overlayfs",
            "podman/fuse-overlayfs",
            (),
            "slower, and what is built with it may be wrong; without that program podman fails, "
            f"or takes vfs on an overlay, which {_FULL_COPY}",
        ),
    ),
)
