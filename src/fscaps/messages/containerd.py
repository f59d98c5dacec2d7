"""containerd: Kubernetes, k3s, nerdctl, and Docker since 29 in its default setting.

Sources are files of containerd at v2.3.4 unless another version or program is named; v1.6.20 says
the same, its files lie without core/, pkg/ and plugins/.
"""

from __future__ import annotations

from errno import EACCES, EBUSY, EINVAL, ELOOP, ENOENT, ENOTSUP, EPERM

from ..findings import Reason
from ..probes import directory, durability, lock, xattr
from . import Cause, Check, Message
from ._causes import (
    LOCAL,
    LOCKING,
    MARK,
    NO_ACCESS,
    NO_ACCESS_ROOTLESS,
    NO_OVERLAY,
    NO_RIGHT,
    NO_UPPER,
    NODE,
    NODE_REFUSED,
    OPTION,
    UNBINDABLE,
    UNKNOWN_WHY,
    XATTR_REFUSED,
)

MESSAGES = (
    Message(
        "containerd/d-type",
        r"(?<!it )does not support d_type\b(?! support)",
        "containerd",
        "plugins/snapshots/overlay/overlay.go:NewSnapshotter",
        "Reading a directory there does not tell the type of its entries (d_type). This is all "
        "that containerd asks of a file system before it uses overlayfs.",
        (
            Cause(
                "The file system gives no d_type.",
                checks=(Check(directory.d_type),),
                remedy="mkfs.xfs -n ftype=1; tune2fs -O filetype and e2fsck -f; else " + LOCAL,
            ),
        ),
    ),
    Message(
        "containerd/mount",
        r"mount source: \"?overlay\"?, target: |failed to mount rootfs component|"
        r"failed to mount \S{0,200}containerd-mount\S{1,40}: |failed to mount /\S{1,600}: [a-z]",
        "containerd; Docker 29",
        "core/mount/mount_linux.go:mountAt (since 2.1); runtime/v2/runc/container.go:NewContainer "
        "at v1.6.20",
        "An overlay of layers could not be mounted. containerd tries none before the first use.",
        (
            NO_UPPER,
            Cause(
                "A layer's directory is gone.",
                errnos=(ENOENT,),
                look="ls the lowerdir= of the message",
                remedy="remove the image and pull it anew",
            ),
            OPTION,
            Cause(
                "Another overlay still uses the layer, and the overlay module has index=on.",
                errnos=(EBUSY,),
                look="cat /sys/module/overlay/parameters/index; dmesg | grep in-use",
            ),
            Cause(UNKNOWN_WHY, errnos=(ELOOP,), look="dmesg | grep overlay"),
            UNBINDABLE,
            NO_OVERLAY,
            NO_RIGHT,
            NO_ACCESS,
            NO_ACCESS_ROOTLESS,
        ),
    ),
    Message(
        "containerd/not-loaded",
        r"snapshotter not loaded: \S",
        "containerd",
        "plugins/services/snapshots/service.go:getSnapshotter",
        "The snapshotter's plugin failed when containerd started; ctr plugins ls -d says why.",
        (
            Cause(
                "overlayfs: the file system gives no d_type.",
                checks=(Check(directory.d_type),),
                errnos=(EINVAL,),
                when="overlayfs",
                remedy="mkfs.xfs -n ftype=1; tune2fs -O filetype and e2fsck -f; else " + LOCAL,
            ),
            Cause(
                "The snapshotter is not built in, disabled, or its root cannot be used.",
                look="ctr plugins ls -d id==<snapshotter>; disabled_plugins in config.toml",
            ),
        ),
    ),
    Message(
        "containerd/whiteout",
        r"failed to convert whiteout file",
        "containerd, Docker 29",
        "pkg/archive/tar.go:applyNaive, tar_opts_linux.go:OverlayConvertWhiteout",
        "A layer deletes a file or replaces a directory, and the mark for that could not be made.",
        (
            Cause(
                "The file system makes no device node 0:0.",
                checks=(NODE,),
                errnos=(*NODE_REFUSED, ENOENT),
                when=r"whiteout file (?!.{0,900}\.wh\.\.wh\.\.opq)",
                remedy=LOCAL,
            ),
            Cause(
                "The file system keeps no trusted.overlay.opaque.",
                checks=(MARK,),
                errnos=(*XATTR_REFUSED, ENOENT),
                when=r"\.wh\.\.wh\.\.opq",
                remedy=LOCAL,
            ),
            Cause(
                "containerd may not: no CAP_MKNOD or CAP_SYS_ADMIN.",
                errnos=(EPERM, EACCES),
                look="grep CapEff /proc/$(pidof containerd)/status",
            ),
        ),
    ),
    Message(
        "containerd/setxattr",
        r"failed to setxattr \S{1,900} for key",
        "containerd, Docker 29",
        "pkg/archive/tar.go:createTarFile",
        "An attribute of a layer's file was refused. containerd leaves out what the file system "
        "does not support, and stops where it is forbidden.",
        (
            Cause(
                "The file system refuses file capabilities with EPERM.",
                checks=(Check(xattr.declined, errnos=(EPERM,)),),
                errnos=(EPERM,),
                when=r'for key "?security\.capability',
                remedy=LOCAL,
            ),
            Cause(
                "The file system refuses user.* attributes with EPERM.",
                checks=(Check(xattr.user, refutes=(), errnos=(EPERM,)),),
                errnos=(EPERM,),
                when=r'for key "?user\.',
                remedy=LOCAL,
            ),
            Cause(
                "containerd lacks a capability (CAP_SETFCAP for security.capability).",
                errnos=(EPERM,),
                look="grep CapEff /proc/$(pidof containerd)/status",
            ),
        ),
    ),
    Message(
        "containerd/bolt-wait",
        r"waiting for response from boltdb open",
        "containerd",
        "plugins/metadata/plugin.go; services/server/server.go at v1.6.20",
        "containerd waits for the lock on its metadata.db, for ever unless "
        "io.containerd.timeout.bolt.open is set.",
        (
            Cause(
                "A process has meta.db open now. A containerd that runs is one; it is the cause if "
                "this was said by another, which was to start beside it.",
                problems=("in-use:meta.db",),
                look="fuser -v <root>/io.containerd.metadata.v1.bolt/meta.db",
                remedy="if there are two of them, end the second; a root belongs to one "
                "containerd, on one host",
            ),
            Cause(
                "flock(2) does not return on the file system.",
                # An error that it returns ends the waiting.
                checks=(Check(lock.flock, confirms=(Reason.TIMEOUT,)),),
                remedy=LOCKING,
            ),
        ),
    ),
    Message(
        "containerd/sync-directory",
        r"failed to sync dir ",
        "containerd since 2.2",
        "plugins/content/local/writer_unix.go:syncDir",
        "The directory of a pulled blob could not be synced.",
        (
            Cause(
                "The file system cannot sync a directory.",
                checks=(Check(durability.directory),),
                errnos=(EINVAL, ENOTSUP),
                remedy=LOCAL,
            ),
        ),
    ),
    Message(
        "containerd/idmap",
        r"snapshotter \S{1,80} doesn't support idmap mounts on this host",
        "containerd",
        "client/snapshotter_opts_unix.go:resolveSnapshotOptions",
        "A pod with a user namespace needs layers mounted with shifted ids.",
        (
            Cause(
                "The kernel is older than 5.19, or the file system has no idmapped mounts; "
                "containerd asks only the kernel's version.",
                look="uname -r",
                remedy="slow_chown = true for the overlayfs snapshotter",
            ),
        ),
    ),
    Message(
        "k3s/snapshotter",
        r"\"?(?:overlayfs|fuse-overlayfs)\"? snapshotter cannot be enabled for",
        "k3s, RKE2",
        "k3s pkg/agent/config/config.go:get; containerd "
        "plugins/snapshots/overlay/overlayutils/check.go:Supported",
        "k3s tried an overlay mount before it started containerd, and that failed.",
        (
            NO_UPPER,
            NO_OVERLAY,
            Cause(
                "The file system gives no d_type.",
                checks=(Check(directory.d_type),),
                when="d_type",
                remedy="mkfs.xfs -n ftype=1; tune2fs -O filetype",
            ),
            OPTION,
            UNBINDABLE,
            NO_RIGHT,
        ),
    ),
)
