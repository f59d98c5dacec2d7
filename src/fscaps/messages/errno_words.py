"""More errnos in words: of these alone no cause is established, but where it may be found.

What a message of an engine or a call names is told in its place. A word that stands alone says
what the kernel answered and not to what.
"""

from __future__ import annotations

from errno import (
    EACCES,
    EBUSY,
    EINVAL,
    EIO,
    ENAMETOOLONG,
    ENODATA,
    ENOKEY,
    ENOLCK,
    ENOTCONN,
    ENOTEMPTY,
    ENOTSUP,
    EPERM,
)

from ..probes import directory, lock, mmap, overlay, owner, xattr
from . import Cause, Check, Message
from ._causes import BROKEN, LOCAL, LOCKING, LONG_NAME

_SPEAKER = "Linux, as Go and the C library word"
_NOT_ESTABLISHED = "Which call it was is not said, and so the cause is not established"

MESSAGES = (
    Message(
        "errno/not-connected",
        r"transport endpoint is not connected",
        f"{_SPEAKER} ENOTCONN",
        "fs/fuse/dev.c:fuse_get_req (Linux 6.1): the connection is gone",
        "The process that served a FUSE file system is gone, and its mount is left.",
        (
            Cause(
                "The FUSE process ended or was killed (sshfs, rclone, s3fs, GlusterFS, …).",
                errnos=(ENOTCONN,),
                look="findmnt -T <path>; journalctl for that program",
                remedy="umount -l <mount point>, and mount it anew; then start the engine again",
            ),
        ),
    ),
    Message(
        "errno/io",
        r"input/output error",
        f"{_SPEAKER} EIO",
        "errno(3)",
        "The kernel, a server or a FUSE process could not do what was asked, and says no more.",
        (
            BROKEN,
            Cause(
                f"{_NOT_ESTABLISHED}: an overlay says so as well when its upper directory cannot "
                "keep a mark.",
                errnos=(EIO,),
                look="dmesg | tail",
            ),
        ),
    ),
    Message(
        "errno/not-supported",
        r"operation not supported",
        f"{_SPEAKER} ENOTSUP",
        "errno(3)",
        "The file system does not have what was asked of it: mostly an extended attribute.",
        (
            Cause(
                "It keeps no file capabilities, which a layer may have or the engine asks for.",
                checks=(Check(xattr.security_capability, errnos=(ENOTSUP,)),),
                errnos=(ENOTSUP,),
                remedy=LOCAL,
            ),
            Cause(
                "It keeps no user.* or trusted.* attributes.",
                # Few have any, so that they are not there does not make them the cause.
                checks=(Check(xattr.user, confirms=()), Check(xattr.trusted, confirms=())),
                errnos=(ENOTSUP,),
                remedy=LOCAL,
            ),
            Cause(
                f"{_NOT_ESTABLISHED}.",
                errnos=(ENOTSUP,),
                look="the engine's debug log; strace -f -e trace=file",
            ),
        ),
    ),
    Message(
        "errno/not-permitted",
        r"operation not permitted",
        f"{_SPEAKER} EPERM",
        "errno(3)",
        "What was asked is not allowed: by the file system, by a server, or for want of a "
        "capability.",
        (
            Cause(
                "The directory is immutable or append-only.",
                checks=(Check(directory.changeable, errnos=(EPERM,)),),
                errnos=(EPERM,),
                remedy="chattr -i -a",
            ),
            Cause(
                "Owners cannot be changed there.",
                checks=(Check(owner.chown, errnos=(EPERM,)),),
                errnos=(EPERM,),
                remedy="export with no_root_squash; " + LOCAL,
            ),
            Cause(
                f"{_NOT_ESTABLISHED}: a missing capability, seccomp or a security module say so, "
                "too.",
                errnos=(EPERM,),
                look="grep -e CapEff -e Seccomp /proc/self/status, there; dmesg | grep -i denied",
            ),
        ),
    ),
    Message(
        "errno/denied",
        r"permission denied",
        f"{_SPEAKER} EACCES",
        "errno(3)",
        "The mode of a file, of a directory above it, a mount option, a server, or a security "
        "module refuses.",
        (
            Cause(
                f"{_NOT_ESTABLISHED}.",
                errnos=(EACCES,),
                look="namei -l the path of the message; findmnt -T it -o TARGET,OPTIONS; "
                "ausearch -m avc -ts recent",
            ),
        ),
    ),
    Message(
        "errno/invalid",
        r"invalid argument",
        f"{_SPEAKER} EINVAL",
        "errno(3)",
        "A call was made with something that the kernel or the file system does not take. For an "
        "overlay, dmesg says what.",
        (
            Cause(
                "An overlay cannot have its upper directory there.",
                checks=(Check(overlay.upper, confirms=()),),
                errnos=(EINVAL,),
                look="dmesg | grep overlay",
                remedy=LOCAL,
            ),
            Cause(
                "There is no shared mapping that sees what is written, which databases need.",
                checks=(Check(mmap.shown, errnos=(EINVAL,)),),
                errnos=(EINVAL,),
                remedy=LOCAL,
            ),
            Cause(
                f"{_NOT_ESTABLISHED}.",
                errnos=(EINVAL,),
                look="the engine's debug log; dmesg | tail",
            ),
        ),
    ),
    Message(
        "errno/busy",
        r"device or resource busy",
        f"{_SPEAKER} EBUSY",
        "errno(3); rename(2), rmdir(2), mount(2), umount(2)",
        "What was to be removed, renamed or unmounted is in use: something is mounted on it, or a "
        "process works in it.",
        (
            Cause(
                "Something is mounted there, perhaps in another mount namespace, or is used by a "
                "process.",
                errnos=(EBUSY,),
                look="findmnt -R <path>; grep -l <path> /proc/[0-9]*/mountinfo; fuser -vm <path>",
                remedy="unmount it, or end the process",
            ),
            Cause(
                "An overlay that another one uses the layers of, with index=on.",
                errnos=(EBUSY,),
                look="cat /sys/module/overlay/parameters/index; dmesg | grep in-use",
                remedy="mount with index=off",
            ),
        ),
    ),
    Message(
        "errno/name-too-long",
        r"file name too long",
        f"{_SPEAKER} ENAMETOOLONG",
        "errno(3)",
        "A name, or a whole path, is longer than the file system takes.",
        (
            LONG_NAME,
            Cause(
                "A name has more than 255 bytes, or a path more than 4095.",
                errnos=(ENAMETOOLONG,),
                look="the length of the name in the message",
            ),
        ),
    ),
    Message(
        "errno/not-empty",
        r"directory not empty",
        f"{_SPEAKER} ENOTEMPTY",
        "errno(3)",
        "A directory could not be removed or replaced because something is left in it.",
        (
            Cause(
                "The file system keeps a deleted file that is open, under another name (NFS: "
                ".nfsXXXX).",
                checks=(Check(directory.open_unlink, errnos=(ENOTEMPTY,)),),
                errnos=(ENOTEMPTY,),
                look="ls -A the directory",
                remedy="end the process that has it open, and remove it again",
            ),
            Cause(
                "Something writes into it meanwhile.",
                errnos=(ENOTEMPTY,),
                look="ls -A the directory, and try again",
            ),
        ),
    ),
    Message(
        "errno/no-locks",
        r"no locks available",
        f"{_SPEAKER} ENOLCK",
        "errno(3); fcntl(2), flock(2)",
        "A lock could not be had: on NFS, the lock server does not answer or is not there.",
        (
            Cause(
                "The file system gives no locks.",
                checks=(
                    Check(lock.flock, errnos=(ENOLCK,)),
                    Check(lock.posix, errnos=(ENOLCK,)),
                ),
                errnos=(ENOLCK,),
                look="rpcinfo -p <server> | grep nlockmgr",
                remedy=LOCKING,
            ),
        ),
    ),
    Message(
        "errno/no-key",
        r"required key not available",
        "Linux, as the C library words ENOKEY",
        "errno(3); fs/crypto/ (fscrypt)",
        "A directory is encrypted by fscrypt, and who asks does not have its key.",
        (
            Cause(
                "The key lies in the session keyring of the user who unlocked it (fscrypt policy "
                "v1), where no container and no daemon sees it (fscrypt#128).",
                errnos=(ENOKEY,),
                look="fscrypt status <path>",
                remedy="a v2 policy (fscrypt's default on Linux 5.4 and newer)",
            ),
        ),
    ),
    Message(
        "errno/no-data",
        r"no data available",
        f"{_SPEAKER} ENODATA",
        "errno(3); getxattr(2)",
        "An extended attribute that was asked for is not there.",
        (
            Cause(
                f"{_NOT_ESTABLISHED}; for most attributes it is no fault that there is none.",
                errnos=(ENODATA,),
                look="getfattr -d -m - the path of the message",
            ),
        ),
    ),
)
