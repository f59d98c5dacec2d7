"""Podman, Buildah, CRI-O, Skopeo: whether their library containers/storage takes overlay.

Sources are files of containers/storage at v1.43.0 (Podman 4.3) unless another is named.
"""

from __future__ import annotations

from errno import EACCES, EINVAL, EIO, ENOENT, ENOTSUP, EPERM

from ..findings import Reason
from ..probes import magic, overlay
from . import Cause, Check, Message
from ._causes import (
    BROKEN,
    LOCAL,
    NO_OVERLAY,
    NO_RIGHT,
    NODE,
    NODE_REFUSED,
    OPTION,
    UNBINDABLE,
    UNWRITABLE,
)

_SPEAKER = "Podman, Buildah, CRI-O"
_CACHED = Cause(
    "An earlier no, remembered: the answer is kept in <runroot>/overlay/overlay-false until the "
    "next boot, whatever was changed meanwhile (podman#12212).",
    look="cat /run/containers/storage/overlay/overlay-false; rootless: "
    "$XDG_RUNTIME_DIR/containers/overlay/overlay-false",
    remedy="remove that file and try again",
)

MESSAGES = (
    Message(
        "podman/not-supported-over",
        r"'overlay' is not supported over [^\s,]+"
        r"(?![^\s\"'.:]|, a mount_program|.{0,9} storage-driver)",
        _SPEAKER,
        "drivers/overlay/overlay.go:supportsOverlay",
        "A trial mount of an overlay failed. The file system that the message names is where it "
        "was tried, and not what was found to be at fault: the kernel's error is only in the debug "
        "log.",
        (
            NO_OVERLAY,
            _CACHED,
            OPTION,
            UNBINDABLE,
            Cause(
                "The file system cannot hold the upper and work directory of an overlay.",
                checks=(Check(overlay.upper),),
                look="dmesg | grep overlay",
                remedy=LOCAL + '; or mount_program = "/usr/bin/fuse-overlayfs" in storage.conf',
            ),
            Cause(
                "Rootless: the kernel is older than 5.11 and mounts no overlay for users, or "
                "SELinux stands in the way (before 5.13).",
                # A no may be for want of a whiteout, or of anything else that overlay takes.
                checks=(Check(overlay.userxattr, confirms=(Reason.KERNEL,), refutes=()),),
                look="uname -r; getenforce",
                remedy="install fuse-overlayfs, which is then used by itself",
            ),
            NO_RIGHT,
        ),
    ),
    Message(
        "podman/mount-program-required",
        r"'overlay' is not supported over \S+, a mount_program is required|"
        r"a network file system with user namespaces is not supported",
        _SPEAKER,
        "drivers/overlay/overlay.go:Init, isNetworkFileSystem",
        "The file system stands on a list by name: aufs, overlay and eCryptfs always, network "
        "file systems when rootless. Nothing was tried.",
        (
            Cause(
                "The file system is aufs, overlay or eCryptfs (up to Podman 4.3 also ZFS), no "
                "mount_program is set, and native overlay is not tried there.",
                checks=(Check(magic.podman_overlay),),
                when="a mount_program is required",
                look="podman info -f '{{.Store.GraphRoot}} {{.Store.GraphOptions}}'",
                remedy="install fuse-overlayfs (mount_program in storage.conf); or put the "
                "graphroot elsewhere",
            ),
            Cause(
                "The user's graphroot lies on a network file system, and no mount_program is set.",
                checks=(Check(magic.podman_rootless),),
                when="a network file system",
                look="podman info -f '{{.Store.GraphRoot}} {{.Store.GraphOptions}}'",
                remedy="install fuse-overlayfs (mount_program in storage.conf); or put the "
                "graphroot on a local disk",
            ),
        ),
    ),
    Message(
        "podman/overlay-not-found",
        r"'overlay' not found as a supported filesystem on this host",
        f"dockerd up to 19.03.6; {_SPEAKER}",
        "moby daemon/graphdriver/overlay2/overlay.go:supportsOverlay at v19.03.6; "
        "drivers/overlay/overlay.go:supportsOverlay",
        "dockerd says so if /proc/filesystems has no overlay after a modprobe. Podman says it if "
        "no directory could be made in <graphroot>/overlay, without having asked the kernel.",
        (
            NO_OVERLAY,
            UNWRITABLE,
            Cause(
                "<graphroot>/overlay belongs to somebody else.",
                look="ls -ld <graphroot>/overlay",
            ),
        ),
    ),
    Message(
        "podman/whiteout",
        r"unable to create kernel-style whiteout",
        _SPEAKER,
        "drivers/overlay/overlay.go:supportsOverlay",
        "The trial whiteout, a device node 0:0, could not be made.",
        (
            Cause(
                "The file system makes no device node 0:0.",
                checks=(NODE,),
                errnos=(*NODE_REFUSED, ENOENT),
                remedy=LOCAL + "; or fuse-overlayfs as mount_program",
            ),
            Cause(
                "Whoever asked may not: a user namespace before Linux 5.8, a container without "
                "CAP_MKNOD.",
                errnos=(EPERM,),
                look="podman unshare mknod w c 0 0, there",
                remedy="fuse-overlayfs as mount_program needs none",
            ),
        ),
    ),
    Message(
        "podman/multiple-lowers",
        r"kernel too old to provide multiple lowers feature for overlay",
        _SPEAKER,
        "drivers/overlay/overlay.go:supportsOverlay",
        "An overlay of two lower directories failed, one of one worked.",
        (
            Cause(
                "Linux before 4.0; since then nothing is known to cause it.",
                look="uname -r; dmesg | grep overlay",
            ),
        ),
    ),
    Message(
        "podman/merged-delete",
        r"when we tried to delete an item in the merged directory|"
        r"removing an item from the merged directory failed",
        f"{_SPEAKER} (containers/storage 1.46 and newer)",
        "drivers/overlay/overlay.go:supportsOverlay at v1.46.0",
        "In the trial overlay a directory of the lower layer could not be removed.",
        (
            Cause(
                "The file system cannot hold the upper directory of an overlay: it leaves no "
                "whiteout behind a rename, or keeps no mark (measured on ramfs: EIO).",
                checks=(Check(overlay.upper),),
                errnos=(EIO, EINVAL, ENOTSUP, EPERM),
                look="dmesg | grep overlay",
                remedy=LOCAL,
            ),
        ),
    ),
    Message(
        "podman/test-file",
        r"unable to create test file",
        f"{_SPEAKER} (containers/storage 1.46 and newer)",
        "drivers/overlay/overlay.go:supportsOverlay at v1.46.0",
        "Podman could not make a file in <graphroot>/overlay to try an overlay with.",
        (
            UNWRITABLE,
            Cause(
                "<graphroot>/overlay belongs to somebody else.",
                errnos=(EACCES, EPERM),
                look="ls -ld <graphroot>/overlay",
            ),
            BROKEN,
        ),
    ),
)
