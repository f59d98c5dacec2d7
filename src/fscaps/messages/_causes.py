"""Causes and remedies that messages of several engines share."""

from __future__ import annotations

from errno import (
    EACCES,
    EDQUOT,
    EINVAL,
    EIO,
    ENAMETOOLONG,
    ENODEV,
    ENOENT,
    ENOSPC,
    ENOSYS,
    ENOTSUP,
    ENXIO,
    EPERM,
    EROFS,
)

from ..findings import Reason
from ..probes import directory, mode, name, node, overlay, owner, rootless, space, xattr
from . import Cause, Check

LOCAL = (
    "use a local ext4 or xfs (mkfs.xfs -n ftype=1), or one on a block device of the remote storage "
    "(iSCSI, RBD, NBD) or in a loop-mounted image file, for one host at a time"
)
"""Where overlay layers can live."""

LOCKING = (
    "mount NFS with a lock server that answers, or with local_lock=flock if one host alone uses "
    "it; " + LOCAL
)
"""Where bbolt's databases can live."""

XATTR_REFUSED = (ENOTSUP, EPERM, EACCES, EINVAL)
# Nor does a node or a mark that was accepted and then not kept make a call fail.
NODE_REFUSED = (EPERM, EACCES, EINVAL, EIO, ENXIO, ENOTSUP, ENODEV, ENOSYS)
NODE = Check(node.whiteout, errnos=NODE_REFUSED)
MARK = Check(xattr.overlay_opaque, errnos=XATTR_REFUSED)

NO_UPPER = Cause(
    "The file system cannot hold the upper and work directory of an overlay.",
    checks=(Check(overlay.upper),),
    errnos=(EINVAL,),
    look="dmesg | grep overlay",
    remedy=LOCAL,
)
OPTION = Cause(
    "The path cannot stand in the options of an overlay mount: a colon, a comma and a backslash "
    "mean something else there, and three paths of over 1000 bytes are too much"
    " for mount(2).",
    checks=(Check(name.option),),
    errnos=(EINVAL, ENOENT),
    remedy="use a shorter path without them; a bind mount at such a path will do",
)
NO_OVERLAY = Cause(
    "The kernel has no overlay file system, or its module cannot be loaded (a kernel that was "
    "updated and not yet booted has lost its modules).",
    # A path that says no may have said so without a mount, so only a yes shows an overlay.
    checks=(Check(overlay.upper, confirms=(Reason.KERNEL,)),),
    errnos=(ENODEV,),
    look="grep overlay /proc/filesystems || modprobe overlay",
    remedy="modprobe overlay; boot the installed kernel; build it with CONFIG_OVERLAY_FS",
)
NO_RIGHT = Cause(
    "Whoever mounts may not: a container without CAP_SYS_ADMIN, a user namespace before "
    "Linux 5.11, a seccomp filter or a security module.",
    errnos=(EPERM, EACCES),
    look="grep -e CapEff -e Seccomp /proc/self/status, there",
)
NO_ACCESS = Cause(
    "The server squashes root, who then may not make the work directory (measured on NFS 4.2).",
    checks=(Check(owner.created),),
    errnos=(EACCES,),
    look="touch a file there, as root; ls -l it",
    remedy="export with no_root_squash; " + LOCAL,
)
NO_ACCESS_ROOTLESS = Cause(
    "Rootless: the server, or a FUSE file system, knows nothing of the ids of a user's namespace "
    "(measured on NFS 4.2, EncFS, mergerfs and NTFS-3G).",
    checks=(Check(rootless.files, refutes=(), errnos=(EACCES,)),),
    errnos=(EACCES,),
    look="podman unshare ls -ld <path>; namei -l <path>",
    remedy="put the store on a local disk of the user's",
)
UNWRITABLE = Cause(
    "Nothing can be created there: it is read-only, or a server refuses root.",
    checks=(Check(directory.writable, errnos=(EROFS, EPERM, EACCES)),),
    errnos=(EROFS, EPERM),
    remedy="remount it rw, export it with no_root_squash, chattr -i -a",
)
FULL = Cause(
    "There was no room for a few blocks or inodes.",
    # There may have been none then, and be some now.
    checks=(
        Check(space.writable, refutes=(), errnos=(ENOSPC, EDQUOT)),
        Check(directory.writable, refutes=(), errnos=(ENOSPC, EDQUOT)),
        Check(space.inodes, refutes=()),
    ),
    errnos=(ENOSPC,),
    look="df PATH; df -i PATH",
    remedy="free space or inodes (docker system prune), raise the quota",
)
UNBINDABLE = Cause(
    "The mount is unbindable, of which overlay takes no layer and nothing can be bound. dockerd "
    "makes it shared when it starts, where its data-root is the top of the mount.",
    checks=(Check(mode.bindable, errnos=(EINVAL,)),),
    errnos=(EINVAL,),
    look="findmnt -T <path> -o TARGET,PROPAGATION",
    remedy="mount --make-private <mount point>",
)
SQUASHED = Cause(
    "A server lets root do less than others (root_squash), or a FUSE file system nobody but him "
    "who mounted it.",
    checks=(
        Check(directory.writable, errnos=(EACCES,)),  # EPERM is an immutable directory, too
        Check(owner.created),
    ),
    errnos=(EACCES, EPERM),
    look="touch a file there, as root; the server's exports",
    remedy="export with no_root_squash; FUSE: mount with allow_other",
)
LONG_NAME = Cause(
    "Names of over 143 bytes or so do not fit: eCryptfs, EncFS and others keep them encrypted, "
    "which makes them longer.",
    checks=(Check(name.length, errnos=(ENAMETOOLONG,)),),
    errnos=(ENAMETOOLONG,),
    remedy="encrypt contents only, or the whole disk (LUKS); " + LOCAL,
)
BROKEN = Cause(
    "The file system failed: its device, its server or its process gives errors, or it was shut "
    "down after one.",
    # It may fail now and then.
    checks=(
        Check(directory.writable, refutes=(), errnos=(EIO,)),
        Check(space.writable, refutes=(), errnos=(EIO,)),
    ),
    errnos=(EIO,),
    look="dmesg | tail; findmnt -T <path>",
    remedy="mend the device or the server; fsck, and mount it anew",
)
UNKNOWN_WHY = "Nobody has established the cause; that the storage was damaged is a guess."
