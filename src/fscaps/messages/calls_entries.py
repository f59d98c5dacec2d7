"""Entries of a directory that could not be made, renamed, removed or given away.

As calls.py: where no message says more. Names of what is no file, and of files.
"""

from __future__ import annotations

from errno import (
    EACCES,
    EBUSY,
    EEXIST,
    EINVAL,
    EIO,
    EMLINK,
    ENODEV,
    ENOENT,
    ENOSYS,
    ENOTEMPTY,
    ENOTSUP,
    ENXIO,
    EPERM,
)

from ..findings import Outcome, Reason
from ..probes import link, node, owner, rename, symlink
from . import Cause, Check, Message
from ._causes import BROKEN, LOCAL, MARK, UNWRITABLE

_SPEAKER = "Go programs (dockerd, containerd, Podman), coreutils"
_REFUSED = (EPERM, EACCES, ENOTSUP, EINVAL, EIO, ENOSYS)

MESSAGES = (
    Message(
        "call/symlink",
        r"\bsymlink \S{1,900}(?: \S{1,900})?: |failed to create symlink: |"
        r"cannot create symbolic link .{1,900}: ",
        _SPEAKER,
        "symlink(2); containerd/continuity fs/copy.go:CopyDir",
        "A symbolic link could not be made.",
        (
            Cause(
                "The file system keeps no symbolic links.",
                checks=(
                    Check(symlink.target, errnos=_REFUSED),
                    Check(symlink.overlay2, errnos=_REFUSED),
                ),
                errnos=_REFUSED,
                remedy="SMB: mount with mfsymlinks, or with unix extensions; else " + LOCAL,
            ),
            UNWRITABLE,
        ),
    ),
    Message(
        "call/link",
        r"(?<!sym)\blink \S{1,900}(?: \S{1,900})?: |failed to create hard link\b|"
        r"cannot create (?:hard )?link .{1,900}: ",
        _SPEAKER,
        "link(2)",
        "A file could not be given a second name.",
        (
            Cause(
                "The file system has no hard links.",
                checks=(Check(link.hard, errnos=_REFUSED),),
                errnos=_REFUSED,
                remedy=LOCAL,
            ),
            Cause(
                "A file has as many names as the file system allows (ext4: 65000).",
                errnos=(EMLINK,),
                look="stat -c %h the file",
            ),
        ),
    ),
    Message(
        "call/mknod",
        r"cannot create (?:special file|fifo) .{1,900}: |\bmkn?odat? \S{1,900}: |"
        r"\bmkfifo \S{1,900}: |failed to mknod during apply",
        _SPEAKER,
        "mknod(2)",
        "A device node, a whiteout or a FIFO could not be made.",
        (
            Cause(
                "The file system makes no device nodes, or not the 0:0 of a whiteout.",
                checks=(
                    Check(node.device, errnos=(EPERM, EACCES, EINVAL, ENOTSUP, EIO, ENXIO)),
                    Check(
                        node.whiteout,
                        errnos=(EPERM, EACCES, EINVAL, ENOTSUP, EIO, ENXIO, ENODEV, ENOSYS, ENOENT),
                    ),
                ),
                errnos=(EPERM, EACCES, EINVAL, ENOTSUP, EIO, ENXIO, ENODEV, ENOSYS, ENOENT),
                remedy=LOCAL,
            ),
            Cause(
                "The file system makes no FIFOs.",
                checks=(Check(node.fifo, errnos=_REFUSED),),
                errnos=_REFUSED,
                remedy=LOCAL,
            ),
            Cause(
                "Whoever asked may not: a container without CAP_MKNOD, a user namespace, a device "
                "cgroup.",
                errnos=(EPERM,),
                look="mknod n c 1 3 and mknod w c 0 0, there, as the engine",
            ),
        ),
    ),
    Message(
        "call/rename",
        r"\brename \S{1,900}(?: \S{1,900})?: (?!file exists)",
        _SPEAKER,
        "rename(2)",
        "A file or directory could not be renamed.",
        (
            Cause(
                "The file system does not rename over a file, or not a directory with files.",
                checks=(
                    Check(rename.replace, errnos=(*_REFUSED, EEXIST)),
                    Check(rename.directory, errnos=(*_REFUSED, EEXIST, ENOTEMPTY)),
                ),
                errnos=(*_REFUSED, EEXIST, ENOTEMPTY),
                remedy=LOCAL,
            ),
            Cause(
                "A server does not replace a file that is open (SMB).",
                checks=(Check(rename.replace_open, errnos=(EACCES,)),),
                errnos=(EACCES,),
                remedy=LOCAL,
            ),
            Cause(
                "One of the two is where something is mounted, in this mount namespace.",
                errnos=(EBUSY,),
                look="findmnt -R the path of the message",
                remedy="unmount it; mount the whole data-root, not parts of it",
            ),
        ),
    ),
    Message(
        "call/unlink",
        r"\b(?:unlinkat|unlink|rmdir|remove) \S{1,900}: (?!directory not empty)|"
        r"can(?:not|'t) remove .{1,900}: (?!directory not empty)|failed to remove root filesystem",
        _SPEAKER,
        "unlink(2), rmdir(2); fs/overlayfs/dir.c:ovl_remove_upper, ovl_set_opaque",
        "A file or directory could not be removed.",
        (
            Cause(
                "It is where something is mounted: a container's root that was not unmounted, a "
                "mount of another daemon's below it.",
                errnos=(EBUSY,),
                look="findmnt -R the path of the message",
                remedy="unmount it",
            ),
            Cause(
                "On NFS: a .nfs file that is open still.",
                errnos=(EBUSY,),
                when=r"\.nfs",
                look="fuser -v the path of the message",
                remedy="end the process that has it open",
            ),
            Cause(
                "In an overlay: the file system of its upper directory leaves no whiteout behind a "
                "rename or keeps no mark of an opaque directory; so no directory of a lower layer "
                "can be removed (measured on ramfs and NILFS).",
                checks=(Check(rename.whiteout), MARK),
                errnos=(EIO, EINVAL),
                remedy=LOCAL,
            ),
            Cause(
                "It, or the directory that it is in, is immutable or append-only, or a btrfs "
                "subvolume that only root may remove.",
                errnos=(EPERM,),
                look="lsattr -d the path of the message; btrfs subvolume show it",
            ),
            BROKEN,
        ),
    ),
    Message(
        "call/chown",
        r"(?<![\w])chown \S{1,900}: |failed to chown \S{1,900}: |"
        r"(?:preserve|preserving) ownership (?:for|of) .{1,900}: |"
        r"\blchown \S{1,900}: (?:permission denied|no such file|input/output error)",
        _SPEAKER,
        "chown(2)",
        "A file could not be given its owner.",
        (
            Cause(
                "Files cannot be given away there: the server squashes root, or the mount gives "
                "every file one owner.",
                checks=(
                    Check(owner.chown, errnos=(EPERM, EACCES, ENOTSUP)),
                    Check(owner.created, confirms=()),
                ),
                errnos=(EPERM, EACCES, ENOTSUP, EINVAL),
                remedy="a volume: docker run -v name:/path:nocopy, volume-nocopy; else export with "
                "no_root_squash, drop uid= and all_squash",
            ),
            Cause(
                "The file system follows a symbolic link instead of giving away the link itself, "
                "and the link leads nowhere yet (measured on sshfs).",
                checks=(Check(owner.lchown, (Reason.ERROR, Outcome.NO), errnos=(ENOENT,)),),
                errnos=(ENOENT,),
                look="chown -h 1:1 of a link that leads nowhere, there",
                remedy=LOCAL,
            ),
            BROKEN,
        ),
    ),
)
