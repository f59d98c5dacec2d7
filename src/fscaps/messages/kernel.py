"""The kernel: what overlayfs writes to its log (dmesg), and mount(8) on its behalf.

Sources are files of Linux 6.1.192 unless another version is named. Before 4.20 or so the same
texts begin with ``overlayfs:`` in the source; later kernels add it, or say ``overlay:``.
"""

from __future__ import annotations

from errno import EINVAL, EISDIR, ENOTSUP, ESTALE

from ..probes import directory, overlay, rename, xattr
from . import Cause, Check, Message
from ._causes import LOCAL, MARK, NO_OVERLAY, NO_UPPER, OPTION, XATTR_REFUSED

_SUPER = "fs/overlayfs/super.c"
_HARMLESS = "By itself it forbids nothing: a local file system is accepted all the same."

MESSAGES = (
    Message(
        "kernel/upper-tmpfile",
        r"upper fs does not support tmpfile",
        "Linux",
        f"{_SUPER}:ovl_make_workdir",
        f"An upper directory without O_TMPFILE. {_HARMLESS}",
        (
            Cause(
                "The file system makes no nameless files.",
                checks=(Check(rename.tmpfile, errnos=(ENOTSUP, EISDIR, EINVAL)),),
                remedy="nothing, unless missing required features follows",
            ),
        ),
    ),
    Message(
        "kernel/upper-rename-whiteout",
        r"upper fs does not support RENAME_WHITEOUT",
        "Linux",
        f"{_SUPER}:ovl_make_workdir",
        "An upper directory that leaves no whiteout behind a rename. A local file system is "
        "accepted all the same, and then renaming or deleting files of the image fails (moby#46337 "
        "on ZFS before 2.2); one with a server behind it is refused.",
        (
            Cause(
                "The file system has no RENAME_WHITEOUT.",
                checks=(Check(rename.whiteout),),
                remedy="OpenZFS 2.2; " + LOCAL,
            ),
        ),
    ),
    Message(
        "kernel/upper-xattr",
        r"failed to set xattr on upper|upper fs does not support xattr",
        "Linux",
        f"{_SUPER}:ovl_make_workdir",
        "An upper directory that takes no overlay attributes.",
        (
            Cause(
                "The file system keeps no trusted.* attributes.",
                checks=(MARK,),
                remedy=LOCAL,
            ),
            Cause(
                "The mount was a user's (rootless), who may set user.* alone, without the option "
                "userxattr.",
                look="grep userxattr /proc/mounts",
                remedy="Linux 5.11 and an engine that adds userxattr; fuse-overlayfs",
            ),
            Cause(
                "The mount was a user's, and the file system keeps no user.* attributes.",
                checks=(Check(xattr.user_overlay_opaque, errnos=XATTR_REFUSED),),
                remedy=LOCAL,
            ),
        ),
    ),
    Message(
        "kernel/upper-features",
        r"upper fs missing required features",
        "Linux since 5.7",
        f"{_SUPER}:ovl_make_workdir",
        "The mount was refused. A file system with a server behind it must have d_type, "
        "RENAME_WHITEOUT and attributes to be an upper directory.",
        (
            Cause(
                "The file system (NFS, CIFS, 9p, FUSE, …) lacks one of the three.",
                checks=(
                    Check(directory.d_type),
                    Check(rename.whiteout),
                    Check(xattr.overlay_opaque),
                    Check(xattr.user_overlay_opaque, confirms=()),
                ),
                look="the lines before it, which say which",
                remedy=LOCAL,
            ),
        ),
    ),
    Message(
        "kernel/not-as-upper",
        r"(?<!capable )filesystem on \S{1,900} not supported(?: as upperdir)?",
        "Linux",
        f"{_SUPER}:ovl_mount_dir, ovl_mount_dir_noesc; fs/overlayfs/params.c since 6.5",
        "The mount was refused because of the kind of file system.",
        (
            Cause(
                "It is itself an overlay, or its lookups go to a server (before 5.7 any network "
                "or FUSE file system).",
                checks=(Check(overlay.upper, confirms=()),),
                look="findmnt -T <path>",
                remedy="inside a container: put a volume or a tmpfs there; else " + LOCAL,
            ),
        ),
    ),
    Message(
        "kernel/casefold",
        r"case-insensitive (?:capable filesystem|directory) on \S{1,900} not supported|"
        r"case-(?:in)?sensitive directory on \S{1,900} is inconsistent|"
        r"strict encoding not supported|all layers must have the same encoding",
        "Linux 6.9 to 6.16 and stable kernels of that time; in other words since",
        "fs/overlayfs/params.c:ovl_mount_dir_check at 6.12",
        "The file system was made with casefold. Until 6.16 an overlay is refused there even where "
        "no directory uses it; 6.17 and later look at the directories.",
        (
            Cause(
                "The file system was made with casefold.",
                checks=(Check(overlay.upper, confirms=()),),
                look="tune2fs -l DEVICE | grep casefold",
                remedy="a file system without casefold; Linux 6.17 or newer",
            ),
        ),
    ),
    Message(
        "kernel/stacking",
        r"maximum fs stacking depth exceeded",
        "Linux",
        f"{_SUPER}:ovl_get_lowerstack (FILESYSTEM_MAX_STACK_DEPTH is 2)",
        "Overlays can be stacked twice, and this would be the third.",
        (
            Cause(
                "A layer lies on an overlay of an overlay: an engine in a container in a "
                "container, or in a container on a live system.",
                look="findmnt -T <data-root>, in each container on the way",
                remedy="put a volume at the inner engine's data-root",
            ),
        ),
    ),
    Message(
        "kernel/upper-d-type",
        r"upper fs needs to support d_type",
        "Linux",
        f"{_SUPER}:ovl_make_workdir",
        "A warning: deleted files will show, and directories cannot be removed.",
        (
            Cause(
                "The file system gives no d_type.",
                checks=(Check(directory.d_type),),
                remedy="mkfs.xfs -n ftype=1; tune2fs -O filetype and e2fsck -f; else " + LOCAL,
            ),
        ),
    ),
    Message(
        "kernel/in-use",
        r"is in-use (?:as upperdir/workdir|by another mount)",
        "Linux",
        f"{_SUPER}:ovl_report_in_use",
        "Two overlays were to share an upper or work directory. With index=on that is refused "
        "(EBUSY), otherwise it is allowed and what both show is undefined.",
        (
            Cause(
                "A container's mount was left behind in another mount namespace, or two daemons, "
                "perhaps one in a container, use the same layers.",
                look="grep -l overlay2 /proc/[0-9]*/mountinfo",
                remedy="end what holds it; never share a data-root",
            ),
        ),
    ),
    Message(
        "kernel/origin",
        r"failed to verify (?:upper root origin|index dir|upper|origin|index)|"
        r"invalid origin|orphan index entry",
        "Linux",
        f"{_SUPER}:ovl_get_upper, ovl_get_indexdir; fs/overlayfs/namei.c:ovl_verify_set_fh",
        "File handles kept in trusted.overlay.origin or in the index do not lead to the files that "
        "they were made for.",
        (
            Cause(
                "The layers were copied, or lie on a file system made anew; so inodes differ.",
                look="getfattr -d -m trusted.overlay -R <layer>",
                remedy="mount with index=off (dockerd does, where it sees the parameter); pull the "
                "images anew instead of copying the store",
            ),
        ),
    ),
    Message(
        "kernel/no-overlay",
        r"unknown filesystem type '?overlay|Module overlay not found|"
        r"overlay: (?:Unknown symbol|disagrees about version)",
        "mount(8), modprobe(8)",
        "util-linux libmount/src/context_mount.c:mnt_context_get_mount_excode; kmod "
        "tools/modprobe.c",
        "The kernel has no overlay file system.",
        (NO_OVERLAY,),
    ),
    Message(
        "mount/wrong-type",
        r"wrong fs type, bad option, bad superblock on overlay",
        "mount(8)",
        "util-linux libmount/src/context_mount.c:mnt_context_get_mount_excode",
        "mount(2) of an overlay said EINVAL.",
        (NO_UPPER, OPTION),
    ),
    Message(
        "kernel/stale",
        r"stale (?:nfs )?file handle",
        "Linux, as Go and the C library word ESTALE",
        "fs/overlayfs/namei.c:ovl_lookup; fs/nfs/inode.c",
        "A file is not the one any more that a handle was made for.",
        (
            Cause(
                "The layers were copied or restored, and the overlay module has index=on or "
                "metacopy=on.",
                errnos=(ESTALE,),
                look="grep . /sys/module/overlay/parameters/{index,metacopy}; dmesg | grep overlay",
                remedy="index=off, metacopy=off; pull the images anew",
            ),
            Cause(
                "On NFS: the file was removed or replaced on the server or by another host.",
                errnos=(ESTALE,),
                look="findmnt -T <path>",
                remedy="one host at a time; mount it anew",
            ),
        ),
    ),
)
