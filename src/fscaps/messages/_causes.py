"""Causes and remedies that messages of several engines share."""

from __future__ import annotations

from errno import (
    EACCES,
    EDQUOT,
    EINVAL,
    EIO,
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
from ..probes import directory, name, node, overlay, space, xattr
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
NODE = Check(node.whiteout, errnos=(EPERM, EACCES, EINVAL, EIO, ENXIO, ENOTSUP, ENODEV, ENOSYS))
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
    errnos=(EPERM,),
    look="grep -e CapEff -e Seccomp /proc/self/status, there",
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
UNKNOWN_WHY = "Nobody has established the cause; that the storage was damaged is a guess."
