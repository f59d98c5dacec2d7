"""Causes and remedies that messages of several engines share."""

from __future__ import annotations

from errno import EINVAL, ENODEV, ENOENT, ENOSPC, EPERM, EROFS

from ..findings import Outcome, Reason
from ..probes import directory, lock, name, overlay, space
from . import Cause, Check

LOCAL = (
    "use a local ext4 or xfs (mkfs.xfs -n ftype=1), or one on a block device of the remote storage "
    "(iSCSI, RBD, NBD) or in a loop-mounted image file, for one host at a time"
)
"""Where overlay layers can live."""

NO_UPPER = Cause(
    "The file system cannot hold the upper and work directory of an overlay.",
    checks=(Check(overlay.upper),),
    errnos=(EINVAL,),
    look="dmesg | grep overlay",
    remedy=LOCAL,
)
OPTION = Cause(
    "The path has a colon, a comma or a backslash, which mean something else in the options of an "
    "overlay mount.",
    checks=(Check(name.option),),
    errnos=(EINVAL, ENOENT),
    remedy="use a path without them; a bind mount at such a path will do",
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
    checks=(Check(directory.writable),),
    errnos=(EROFS, EPERM),
    remedy="remount it rw, export it with no_root_squash, chattr -i -a",
)
FULL = Cause(
    "There was no room for a few blocks or inodes.",
    # There may have been none then, and be some now.
    checks=(
        Check(space.writable, refutes=()),
        Check(space.inodes, refutes=()),
    ),
    errnos=(ENOSPC,),
    look="df PATH; df -i PATH",
    remedy="free space or inodes (docker system prune), raise the quota",
)
NO_FLOCK = Cause(
    "Locks do not work on the file system: flock(2) fails there, excludes nobody, or never "
    "returns.",
    checks=(Check(lock.flock, confirms=(Outcome.NO, Reason.TIMEOUT)),),
    remedy="mount NFS with a lock server that answers, or with local_lock=flock if one host alone "
    "uses it; " + LOCAL,
)
NO_POSIX_LOCK = Cause(
    "Locks do not work on the file system: fcntl(2) F_SETLK fails there, excludes nobody, or never "
    "returns.",
    checks=(Check(lock.posix, confirms=(Outcome.NO, Reason.TIMEOUT)),),
    remedy="mount NFS with a lock server that answers; keep the database on a local file system",
)
UNKNOWN_WHY = "Nobody has established the cause; that the storage was damaged is a guess."
