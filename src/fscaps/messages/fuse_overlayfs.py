"""fuse-overlayfs, as dockerd, Podman and a snapshotter of containerd pass on what it says.

Sources are files of fuse-overlayfs at v1.10 unless another program is named. What was measured was
so with 1.10.
"""

from __future__ import annotations

from errno import EINVAL, EIO, ENOENT, ENOTSUP, EPERM

from ..probes import directory, fuse, name, overlay, rootless, symlink, xattr
from . import Cause, Check, Message
from ._causes import BROKEN, LOCAL, UNBINDABLE

_NOT_MOUNTED = r"using mount program .{0,300}"

MESSAGES = (
    Message(
        "fuse/device",
        r"fuse: device not found|fuse: failed to open /dev/fuse|"
        r"fuse-overlayfs not functional, make sure running with kernel",
        "fuse-overlayfs, libfuse",
        "libfuse lib/mount.c:fuse_mount_fusermount, fuse_mount_sys; containerd/"
        "fuse-overlayfs-snapshotter check.go:Supported",
        "FUSE file systems cannot be mounted: there is no /dev/fuse, or it may not be opened.",
        (
            Cause(
                "This host has no FUSE, or its module is not loaded.",
                checks=(Check(fuse.device),),
                look="ls -l /dev/fuse; grep fuse /proc/filesystems",
                remedy="modprobe fuse; in a container: --device /dev/fuse",
            ),
            Cause(
                "A user may not mount FUSE file systems.",
                checks=(Check(rootless.fuse, refutes=()),),
                look="ls -l /dev/fuse; which fusermount3",
                remedy="install fuse3; chmod 0666 /dev/fuse",
            ),
        ),
    ),
    Message(
        "fuse/path",
        r"cannot resolve path \S|cannot retrieve path for \S|cannot load store .{0,300} at \S|"
        r"fuse-overlayfs: cannot read lower dirs: no such file",
        "fuse-overlayfs",
        "main.c:read_dirs, main; measured with docker and podman",
        "fuse-overlayfs was given its directories in options, and one of them is not there.",
        (
            Cause(
                "The path has a comma, a colon or a backslash, which means something else in the "
                "options of a mount.",
                checks=(Check(name.comma), Check(name.colon), Check(name.backslash)),
                remedy="a path without them; a bind mount at such a path will do",
            ),
            Cause(
                "The path has other characters that do not survive in options: line ends, quotes.",
                look="the path of the message, beside the real one",
                remedy="a path without them",
            ),
            Cause(
                "The driver's links l/<ID> -> ../<id>/diff cannot be made or followed there.",
                checks=(
                    Check(symlink.overlay2, errnos=(EPERM, ENOTSUP, EINVAL, EIO)),
                    Check(symlink.target, errnos=(EPERM, ENOTSUP, EINVAL, EIO)),
                ),
                errnos=(EPERM, ENOTSUP, EINVAL, EIO),
                remedy=LOCAL,
            ),
            Cause(
                "A layer is gone.",
                errnos=(ENOENT,),
                look="ls the path of the message",
                remedy="remove the image and pull it anew",
            ),
        ),
    ),
    Message(
        "fuse/lower-dirs",
        r"fuse-overlayfs: cannot read lower dirs: (?!no such file)",
        "fuse-overlayfs",
        "main.c:main; measured with docker on sshfs and SMB",
        "fuse-overlayfs could not read a layer through its link.",
        (
            Cause(
                "The driver's links l/<ID> -> ../<id>/diff cannot be made or followed there.",
                checks=(
                    Check(symlink.overlay2, errnos=(EPERM, ENOTSUP, EINVAL, EIO)),
                    Check(symlink.target, errnos=(EPERM, ENOTSUP, EINVAL, EIO)),
                ),
                errnos=(EPERM, ENOTSUP, EINVAL, EIO),
                remedy=LOCAL,
            ),
            BROKEN,
        ),
    ),
    Message(
        "fuse/upper-dir",
        r"fuse-overlayfs: cannot read upper dir: ",
        "fuse-overlayfs",
        "main.c:main; measured with docker and podman",
        "fuse-overlayfs could not read the directory that is to take what the container changes.",
        (
            Cause(
                "A FUSE server gives no 32 KiB of a directory at a time, as davfs2.",
                checks=(Check(directory.block),),
                errnos=(EINVAL,),
                look="ls the directory",
                remedy=LOCAL,
            ),
            BROKEN,
        ),
    ),
    Message(
        "fuse/mount",
        rf"{_NOT_MOUNTED}",
        "dockerd, fuse-overlayfs; Podman, Buildah, CRI-O with a mount_program",
        "moby daemon/graphdriver/fuse-overlayfs/fuseoverlayfs.go:Get at v20.10.24; "
        "containers/storage drivers/overlay/overlay.go:get at v1.43.0",
        "A container's root was to be mounted by the program fuse-overlayfs, which ended with an "
        "error. What it said stands behind it, perhaps in lines of their own.",
        (
            Cause(
                "FUSE file systems cannot be mounted.",
                checks=(Check(fuse.device),),
                look="ls -l /dev/fuse",
                remedy="modprobe fuse; in a container: --device /dev/fuse",
            ),
            Cause(
                "The path has a comma, a colon or a backslash, which means something else in the "
                "options of a mount.",
                checks=(Check(name.comma), Check(name.colon), Check(name.backslash)),
                remedy="a path without them; a bind mount at such a path will do",
            ),
            Cause(
                "The program is not there, or is too old for an option that it was given.",
                look="fuse-overlayfs --version",
            ),
        ),
    ),
    Message(
        "fuse/acl",
        r"failed to read \S{1,900}/merged/\S{0,900}: open .{1,900}: operation not supported|"
        r"opening directory for adding its contents to archive",
        "dockerd, fuse-overlayfs; Podman",
        "fs/fuse/acl.c:fuse_get_acl (Linux 6.1); main.c:ovl_getxattr, ovl_init (support_acls since "
        "v1.11); containerd/continuity fs/copy.go; buildah copier/copier.go at v1.28; measured on "
        "ramfs and NTFS-3G",
        "A container whose image has a volume could not be made: files were to be copied out of "
        "its root, and could not be opened.",
        (
            Cause(
                "fuse-overlayfs before 1.11 passes on that the file system has no access control "
                "lists, and the kernel then opens no file of another user's.",
                checks=(Check(xattr.acl_asked, errnos=(ENOTSUP,)),),
                errnos=(ENOTSUP,),
                remedy="fuse-overlayfs 1.11 or newer; " + LOCAL,
            ),
        ),
    ),
    Message(
        "fuse/needed",
        r"native overlay not supported and fuse-overlayfs not found",
        "Podman 5.8 and newer",
        "go.podman.io/storage drivers/overlay/overlay.go; measured with 5.8.6",
        "Podman's trial of the kernel's overlay failed, and there is no fuse-overlayfs that it "
        "could take instead. Why the trial failed, only its debug log tells.",
        (
            Cause(
                "The file system cannot hold the upper and work directory of an overlay.",
                checks=(Check(overlay.upper),),
                look="podman --log-level=debug info; dmesg | grep overlay",
                remedy=LOCAL + "; or install fuse-overlayfs",
            ),
            Cause(
                "The path cannot stand in the options of an overlay mount.",
                checks=(Check(name.option),),
                remedy="a shorter path without comma, colon and backslash",
            ),
            Cause(
                "Reading a directory gives no d_type there.",
                checks=(Check(directory.d_type),),
                remedy="mkfs.xfs -n ftype=1; tune2fs -O filetype; else " + LOCAL,
            ),
            UNBINDABLE,
            Cause(
                "Rootless: the kernel's overlay does not work there for a user.",
                checks=(Check(overlay.userxattr, refutes=()),),
                remedy="install fuse-overlayfs",
            ),
        ),
    ),
)
