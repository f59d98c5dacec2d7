"""Calls that failed, as Go, coreutils and others name them, where no message says more.

Each has the causes that a probe can show, or that a manual page or a measurement knows. What was
measured is in the lab (docs/explanation/lab.md): engines on file systems that have that fault.
"""

from __future__ import annotations

from errno import (
    EACCES,
    EEXIST,
    EFBIG,
    EINVAL,
    EIO,
    ENODATA,
    ENOSYS,
    ENOTSUP,
    EPERM,
)

from ..findings import Reason
from ..probes import directory, durability, mode, name, owner, rootless, space, xattr
from . import Cause, Check, Message
from ._causes import BROKEN, LOCAL, LONG_NAME, SQUASHED

_SPEAKER = "Go programs (dockerd, containerd, Podman), coreutils"

MESSAGES = (
    Message(
        "call/create",
        r"\b(?:mkdir(?:at)?|open(?:at)?|faccessat) \S{1,900}: (?!file exists)|"
        r"cannot (?:create (?:directory|regular file|(?=[\"']))|open) ?.{1,900}: ",
        _SPEAKER,
        "mkdir(2), open(2)",
        "A directory or a file could not be made or opened.",
        (
            Cause(
                "The directory is immutable or append-only.",
                checks=(Check(directory.changeable, errnos=(EPERM,)),),
                errnos=(EPERM,),
                remedy="chattr -i -a",
            ),
            SQUASHED,
            Cause(
                "Rootless: the user's namespace may not make or open files there, because a server "
                "or a FUSE file system looks at other ids than the kernel does.",
                checks=(Check(rootless.files, refutes=(), errnos=(EACCES, EPERM)),),
                errnos=(EACCES, EPERM),
                remedy="put the store on a local disk of the user's",
            ),
            Cause(
                "Who asks is not root, and a directory on the way belongs to somebody else.",
                errnos=(EACCES,),
                look="namei -l the path of the message",
            ),
            LONG_NAME,
            Cause(
                "The file system takes no name that begins with .wh. (fuse-overlayfs is one).",
                checks=(Check(name.hidden, errnos=(EINVAL,)),),
                errnos=(EINVAL,),
                when=r"\.wh\.",
                remedy=LOCAL,
            ),
            Cause(
                "The file system does not take every character in a name (: * ? and others).",
                checks=(Check(name.special, errnos=(EINVAL,)),),
                errnos=(EINVAL,),
                when=r"^(?!.*\.wh\.)",
                remedy=LOCAL,
            ),
            Cause(
                "A FUSE file system on top (fuse-overlayfs before 1.11) passes on that this one "
                "has no access control lists, and the kernel then opens no file of another user's.",
                checks=(Check(xattr.acl_asked, errnos=(ENOTSUP,)),),
                errnos=(ENOTSUP,),
                remedy="fuse-overlayfs 1.11 or newer, or its option noacl; else " + LOCAL,
            ),
            BROKEN,
        ),
    ),
    Message(
        "call/mkdir-exists",
        r"\bmkdir \S{1,900}: file exists",
        _SPEAKER,
        "mkdir(2); Go os.MkdirAll, which makes what it cannot stat",
        "There is something of that name, and it could not be used as a directory.",
        (
            Cause(
                "A file system is mounted there whose server or process is gone: measured on FUSE "
                "with docker, containerd and podman, stat fails, and mkdir finds the name taken.",
                errnos=(EEXIST,),
                look="stat the path of the message; findmnt -T it",
                remedy="umount -l it and mount it anew",
            ),
            Cause(
                "A file, or a link that leads nowhere, has the name.",
                errnos=(EEXIST,),
                look="ls -ld the path of the message",
            ),
        ),
    ),
    Message(
        "call/times",
        r"preserving times for .{1,900}: |\b(?:chtimes|futimesat|utimensat) \S{1,900}: ",
        "cp; Go programs",
        "utimensat(2)",
        "The times of a file or directory could not be set.",
        (
            Cause(
                "The directory is immutable or append-only.",
                checks=(Check(directory.changeable, errnos=(EPERM,)),),
                errnos=(EPERM,),
                remedy="chattr -i -a",
            ),
            Cause(
                "It belongs to another, as what a server makes for a root that it squashes.",
                checks=(Check(owner.created),),
                errnos=(EPERM, EACCES),
                remedy="export with no_root_squash; drop all_squash",
            ),
            BROKEN,
        ),
    ),
    Message(
        "call/permissions",
        r"preserving permissions for .{1,900}: ",
        "cp",
        "chmod(2), acl_set_file(3)",
        "The mode of a copy, or its access control list, could not be set.",
        (
            Cause(
                "Modes cannot be changed there.",
                checks=(Check(owner.chmod, errnos=(EPERM, ENOTSUP, EIO)),),
                errnos=(EPERM, ENOTSUP, EIO),
                remedy=LOCAL,
            ),
            Cause(
                "The file system fails when it is asked for access control lists.",
                checks=(Check(xattr.acl_asked, (Reason.ERROR,), errnos=(EIO,)),),
                errnos=(EIO,),
                remedy=LOCAL,
            ),
        ),
    ),
    Message(
        "call/write",
        r"\bwrite \S{1,900}: |error writing .{1,900}: |could not erase sector \d+: |"
        r"failed to truncate .{1,900} (?:at|to) \S{1,20} bytes: |\btruncate \S{1,900}: ",
        _SPEAKER + ", mke2fs",
        "write(2), ftruncate(2)",
        "A file could not be written to, or not be made longer.",
        (
            Cause(
                "The file system takes no write(2): hugetlbfs is one that only maps files.",
                checks=(Check(space.writable, errnos=(EINVAL,)),),
                errnos=(EINVAL,),
                remedy=LOCAL,
            ),
            Cause(
                "Files there cannot be made longer, or not be written anywhere in them.",
                checks=(Check(space.extend, refutes=(), errnos=(EINVAL, ENOTSUP, EPERM, EIO)),),
                errnos=(EINVAL, ENOTSUP, EPERM, EIO),
                remedy="rclone: mount with --vfs-cache-mode writes; else " + LOCAL,
            ),
            Cause(
                "Files there are shorter than 4 GiB at most (FAT).",
                checks=(Check(space.large, errnos=(EFBIG, EINVAL)),),
                errnos=(EFBIG, EINVAL),
                remedy="a smaller file; " + LOCAL,
            ),
            BROKEN,
        ),
    ),
    Message(
        "call/sync",
        r"\b(?:f?sync|fdatasync|syncfs) \S{1,900}: |\bsync failed: |"
        r"failed to syncfs for \S{1,900}: ",
        _SPEAKER,
        "fsync(2); containerd content/local/writer.go:Commit at v1.6.20",
        "What was written could not be synced.",
        (
            Cause(
                "The file system cannot sync a file.",
                checks=(
                    Check(durability.fsync, errnos=(EINVAL, ENOTSUP, ENOSYS)),
                    Check(durability.fdatasync, errnos=(EINVAL, ENOTSUP, ENOSYS)),
                    Check(durability.directory, errnos=(EINVAL, ENOTSUP, ENOSYS)),
                ),
                errnos=(EINVAL, ENOTSUP, ENOSYS),
                remedy=LOCAL,
            ),
            BROKEN,
        ),
    ),
    Message(
        "call/stat",
        r"\b(?:lstat|stat|readlink|statfs|readdirent|fdopendir) \S{1,900}: |"
        r"cannot (?:stat|access) .{1,900}: ",
        _SPEAKER,
        "stat(2), readlink(2)",
        "A file could not be looked at.",
        (
            Cause(
                "Who asks may not pass through a directory on the way: not root, squashed by the "
                "server, or kept out of a FUSE mount of another's.",
                checks=(
                    Check(directory.writable, refutes=(), errnos=(EACCES,)),
                    Check(mode.others, refutes=()),
                    Check(rootless.files, refutes=(), errnos=(EACCES, EPERM)),
                ),
                errnos=(EACCES, EPERM),
                look="namei -l the path of the message",
            ),
            LONG_NAME,
            BROKEN,
        ),
    ),
    Message(
        "call/getxattr",
        r"failed to get xattr for \S{1,900}: |\b[lf]?(?:get|list)xattr\b.{1,900}: ",
        _SPEAKER,
        "containerd/continuity fs/diff_unix.go:compareCapabilities; lgetxattr(2)",
        "An extended attribute could not be read.",
        (
            Cause(
                "The file system has no file capabilities and says so, which containerd before "
                "2.3 and dockerd's vfs before 23.0.6 (and 20.10.26) take for a failure.",
                checks=(Check(xattr.security_capability, errnos=(ENOTSUP,)),),
                errnos=(ENOTSUP,),
                remedy="update the engine; " + LOCAL,
            ),
            BROKEN,
        ),
    ),
    Message(
        "call/chown-lost",
        r"\blchown \S{1,900}: no data available",
        "dockerd",
        "lchown(2), in an overlay: fs/overlayfs/copy_up.c",
        "The owner of a file in an overlay could not be set. Measured with dockerd 20.10 on 9p "
        "with a cache.",
        (
            Cause(
                "Not established.",
                errnos=(ENODATA,),
                look="dmesg | grep overlay",
                remedy=LOCAL,
            ),
        ),
    ),
)
