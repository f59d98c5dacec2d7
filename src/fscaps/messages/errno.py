"""Errnos in words, as Go and the C library say them: what is left where no message says more."""

from __future__ import annotations

from errno import EDQUOT, ELOOP, ENOSPC, EOVERFLOW, EROFS, EXDEV

from ..probes import directory, owner, rootless, space, symlink
from . import Cause, Check, Message
from ._causes import UNKNOWN_WHY

MESSAGES = (
    Message(
        "errno/no-space",
        r"no space left on device",
        "Linux, as Go and the C library word ENOSPC",
        "errno(3)",
        "Blocks, inodes, a quota, or something that is no disk at all has run out. df may well "
        "show free blocks.",
        (
            Cause(
                "No block can be had, or none but those that are kept for root.",
                checks=(
                    Check(space.writable, refutes=(), errnos=(ENOSPC,)),
                    Check(space.free, refutes=()),
                ),
                errnos=(ENOSPC,),
                look="df PATH",
                remedy="docker system prune; a larger file system",
            ),
            Cause(
                "No inode is left, while blocks are: images have many small files.",
                checks=(Check(space.inodes, refutes=()),),
                errnos=(ENOSPC,),
                look="df -i PATH",
                remedy="docker system prune; ext4: make it anew with mkfs.ext4 -i 8192 or less; "
                "xfs: mount with inode64, xfs_growfs -m",
            ),
            Cause(
                "A quota of the project, user or group, a container's size limit, or blocks kept "
                "for root.",
                errnos=(ENOSPC,),
                look="repquota -a; xfs_quota -x -c 'report -p' PATH; docker inspect -s CONTAINER",
            ),
            Cause(
                "No disk: inotify watches, cgroups, IPC or POSIX shared memory (/dev/shm), each of "
                "which says ENOSPC too.",
                errnos=(ENOSPC,),
                look="the call in the message; sysctl fs.inotify.max_user_watches; df /dev/shm",
            ),
        ),
    ),
    Message(
        "errno/quota",
        r"disk quota exceeded",
        "Linux, as Go and the C library word EDQUOT",
        "errno(3)",
        "A quota was reached: on the server, too, where it is NFS.",
        (
            Cause(
                "A quota on blocks or inodes is used up.",
                checks=(
                    Check(space.writable, refutes=(), errnos=(EDQUOT,)),
                    Check(directory.writable, refutes=(), errnos=(EDQUOT,)),
                ),
                errnos=(EDQUOT,),
                look="quota -s; repquota -a",
                remedy="raise it, or free space",
            ),
        ),
    ),
    Message(
        "errno/read-only",
        r"read-only file system",
        "Linux, as Go and the C library word EROFS",
        "errno(3)",
        "The mount is read-only, or the file system became so after an error.",
        (
            Cause(
                "The file system cannot be written to.",
                checks=(Check(directory.writable, refutes=(), errnos=(EROFS,)),),
                errnos=(EROFS,),
                look="findmnt -T <path> -o OPTIONS; dmesg | grep -i -e remount -e error",
                remedy="mend it (fsck), then mount -o remount,rw",
            ),
        ),
    ),
    Message(
        "errno/loop",
        r"too many levels of symbolic links",
        "Linux, as Go and the C library word ELOOP",
        "errno(3)",
        "A path led through more than 40 symbolic links, or to itself; or it is one and may not be "
        "followed.",
        (
            Cause(
                "The file system is mounted with nosymfollow.",
                checks=(Check(symlink.overlay2, errnos=(ELOOP,)),),
                errnos=(ELOOP,),
                look="findmnt -T the path of the message -o TARGET,OPTIONS",
                remedy="mount -o remount,symfollow",
            ),
            Cause(
                "Links lead in a circle, or the layers of an overlay overlap. For overlays: "
                + UNKNOWN_WHY[0].lower()
                + UNKNOWN_WHY[1:],
                errnos=(ELOOP,),
                look="namei -l the path of the message; dmesg | grep overlay",
            ),
        ),
    ),
    Message(
        "errno/no-id",
        r"value too large for defined data type",
        "Linux, as Go and the C library word EOVERFLOW",
        "errno(3)",
        "A user or group has no number there: on an idmapped mount, or in a user namespace, only "
        "those that are mapped have one.",
        (
            Cause(
                "Who asks has no number himself on an idmapped mount (fs/namei.c:may_create).",
                checks=(Check(directory.writable, errnos=(EOVERFLOW,)),),
                errnos=(EOVERFLOW,),
                look="findmnt -T PATH -o TARGET,OPTIONS",
                remedy="map the ids of who is to write there; or use a mount that is not idmapped",
            ),
            Cause(
                "The owner of a layer's file has none (fs/attr.c:notify_change).",
                checks=(
                    Check(owner.chown, refutes=(), errnos=(EOVERFLOW,)),
                    Check(rootless.owners, refutes=(), errnos=(EOVERFLOW,)),
                ),
                errnos=(EOVERFLOW,),
                look="findmnt -T PATH -o TARGET,OPTIONS",
                remedy="map all ids that images use; or use a mount that is not idmapped",
            ),
        ),
    ),
    Message(
        "errno/cross-device",
        r"invalid cross-device link",
        "Linux, as Go and the C library word EXDEV",
        "errno(3)",
        "A rename or link was to lead from one file system, or overlay layer, to another.",
        (
            Cause(
                "In a container: a directory of the image was renamed, and the overlay module has "
                "redirect_dir=off, as it should; mv copies then.",
                errnos=(EXDEV,),
                look="cat /sys/module/overlay/parameters/redirect_dir",
            ),
            Cause(
                "Hard links or renames across a mount or a bind inside the store.",
                errnos=(EXDEV,),
                look="findmnt -R <data-root>",
            ),
        ),
    ),
)
