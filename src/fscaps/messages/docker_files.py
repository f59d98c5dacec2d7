"""Docker Engine with its classic image store: files and directories that were not as expected.

Sources are files of moby at v20.10.24 unless another version is named.
"""

from __future__ import annotations

from errno import EBADF, EEXIST, EINVAL, ENOTEMPTY

from ..probes import directory, overlay, rename, space
from . import Cause, Check, Message
from ._causes import LOCAL

MESSAGES = (
    Message(
        "docker/layer-exists",
        r"rename \S{1,600}layerdb/\S{1,600} \S{1,600}: file exists|"
        r"failed to register layer: rename (?:\S{1,600} \S{1,600}: )?.{0,9}file exists",
        "dockerd",
        "layer/filestore.go:Commit; pkg/ioutils/fswriters.go:AtomicWriteSet.Commit",
        "A layer's metadata was to be put where there already is some.",
        (
            Cause(
                "An earlier pull was cut off and left half a layer in image/<driver>/layerdb "
                "(moby#44909).",
                problems=("layers-half",),
                errnos=(EEXIST,),
                look="ls the second path of the message",
                remedy="stop dockerd, remove that directory if it lacks cache-id or diff, start it",
            ),
            Cause(
                "The file system does not rename directories as it should.",
                checks=(Check(rename.directory, errnos=(EEXIST,)),),
                errnos=(EEXIST,),
                remedy=LOCAL,
            ),
        ),
    ),
    Message(
        "docker/write-set",
        r"write \S{0,600}/layerdb/tmp/write-set-\S{1,300}: bad file descriptor",
        "dockerd",
        "layer/filestore.go:TarSplitWriter; seen on JuiceFS (juicefs#5188)",
        "The layer store could not write a file that it had just opened.",
        (
            Cause(
                "The file system loses an open file.",
                checks=(Check(space.extend, refutes=(), errnos=(EBADF,)),),
                remedy="update the FUSE client; " + LOCAL,
            ),
        ),
    ),
    Message(
        "docker/native-diff",
        r"Not using native diff for overlay2?,",
        "dockerd; Podman, Buildah, CRI-O",
        "daemon/graphdriver/overlay2/overlay.go:useNaiveDiff, check.go:doesSupportNativeDiff; "
        "containers/storage drivers/overlay/overlay.go:useNaiveDiff at v1.43.0",
        "A warning: layers are compared and unpacked through the mount, which makes builds slow.",
        (
            Cause(
                "Layers cannot be read and written past the overlay, mostly because its module "
                "renames directories by a redirect (redirect_dir=on, which metacopy=on brings with "
                "it), or because the kernel is older than 4.8.",
                checks=(Check(overlay.native_diff),),
                look="grep . /sys/module/overlay/parameters/*",
                remedy="load overlay with redirect_dir=off metacopy=off",
            ),
        ),
    ),
    Message(
        "docker/volume-busy",
        r"error removing volume path .{0,600} directory not empty|"
        r"unlinkat \S{1,900}: directory not empty|"
        r"can(?:not|'t) remove .{1,900}: directory not empty",
        "dockerd; Podman; rm in a container",
        "volume/local/local.go:removePath; os.RemoveAll",
        "A directory could not be removed because something is left in it.",
        (
            Cause(
                "The file system keeps a deleted file that is open, under another name in the "
                "same directory (NFS: .nfsXXXX).",
                checks=(Check(directory.open_unlink, errnos=(ENOTEMPTY,)),),
                errnos=(ENOTEMPTY,),
                look="fuser -v <directory>/.nfs*",
                remedy="end the process that has it open, and remove it again",
            ),
            Cause(
                "Reading a directory gives no d_type there: an overlay shows deleted files.",
                checks=(Check(directory.d_type),),
                errnos=(ENOTEMPTY,),
                remedy="mkfs.xfs -n ftype=1; tune2fs -O filetype",
            ),
            Cause(
                "Something writes into it meanwhile, or the file system misses names when it is "
                "read while it changes (bcachefs#836).",
                errnos=(ENOTEMPTY,),
                look="ls -A <directory>, and try again",
            ),
        ),
    ),
    Message(
        "docker/shm",
        r"mkdir \S{1,900}/merged/\S{1,300}: invalid argument",
        "dockerd, runc",
        "moby#10294, #22937: xfs with ftype=0; fs/overlayfs/dir.c:ovl_create_or_link",
        "A directory could not be made in a container's root.",
        (
            Cause(
                "Reading a directory gives no d_type there, which old dockerds did not ask for.",
                checks=(Check(directory.d_type),),
                errnos=(EINVAL,),
                remedy="mkfs.xfs -n ftype=1; tune2fs -O filetype; else " + LOCAL,
            ),
            Cause(
                "The file system leaves no whiteout behind a rename.",
                checks=(Check(rename.whiteout),),
                errnos=(EINVAL,),
                remedy="OpenZFS 2.2; " + LOCAL,
            ),
        ),
    ),
    Message(
        "docker/move-itself",
        r"can(?:not|'t) move .{1,600} to a subdirectory of itself",
        "mv and sed -i in a container",
        "moby#46337; coreutils src/copy.c, which words EINVAL of a rename so; "
        "fs/overlayfs/dir.c:ovl_rename",
        "A file of the image could not be renamed: rename(2) said EINVAL.",
        (
            Cause(
                "The file system of the upper directory leaves no whiteout behind a rename (ZFS "
                "before 2.2).",
                checks=(Check(rename.whiteout),),
                remedy="OpenZFS 2.2; " + LOCAL,
            ),
        ),
    ),
    Message(
        "docker/aufs-mount",
        r"error creating aufs mount to ",
        "dockerd before 24.0, aufs",
        "daemon/graphdriver/aufs/aufs.go:aufsMount",
        "A container's root could not be mounted. This is of the aufs driver, which is gone.",
        (
            Cause(
                "aufs does not take the file system as a branch (moby#22577: eCryptfs). Overlay "
                "has rules of its own.",
                errnos=(EINVAL,),
                look="dmesg | grep aufs",
                remedy='"storage-driver": "overlay2", on a local ext4 or xfs',
            ),
        ),
    ),
    Message(
        "docker/label",
        r"SELinux is not supported with the \S{1,80} graph driver|mount label too large|"
        r"mount data .{0,300}too large \d+ >= page size|mount options is too long|"
        r"max depth exceeded",
        "dockerd; Podman",
        "daemon/daemon_unix.go:configureKernelSecuritySupport; overlay2/overlay.go:Get; "
        "layer/layer_store.go:maxLayerDepth",
        "The options of the overlay, which hold one short path a layer and the SELinux label, are "
        "longer than a page; or an image has more than 125 layers; or the driver has no labels.",
        (
            Cause(
                "It has too many layers, or is at too long a path.",
                look="docker history IMAGE | wc -l",
                remedy="fewer layers; a shorter data-root",
            ),
        ),
    ),
)
