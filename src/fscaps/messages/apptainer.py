"""Apptainer, and Singularity before it: overlay directories and sandboxes.

Sources are files of apptainer at v1.4.5 unless another is named.
"""

from __future__ import annotations

from errno import EACCES, EINVAL, ENOENT

from ..probes import mode, name, overlay
from . import Cause, Check, Message
from ._causes import LOCAL, NO_RIGHT, NO_UPPER, UNBINDABLE

_SPEAKER = "Apptainer"
_IMAGE = "keep the overlay in an image file (apptainer overlay create), or in a local directory"

MESSAGES = (
    Message(
        "apptainer/incompatible",
        r"filesystem incompatible as overlay (?:upper|lower) directory",
        f"{_SPEAKER}, Singularity since 3.6",
        "internal/pkg/util/fs/overlay/overlay_linux.go:check",
        "Apptainer has a list of file systems by their magic number, and refuses NFS and FUSE for "
        "what is written, eCryptfs, Lustre, GPFS and PanFS for all. Nothing was tried: some of "
        "these overlay takes, and some panic the kernel (apptainer#2657, GPFS).",
        (
            Cause(
                "The directory lies on one of these.",
                look="stat -f -c %t the path of the message",
                remedy=_IMAGE,
            ),
        ),
    ),
    Message(
        "apptainer/path",
        r"failed to open overlay image|failed to retrieve path for|no parent mount point found",
        _SPEAKER,
        "internal/pkg/runtime/engine/apptainer/prepare_linux.go:loadOverlayImages; "
        "pkg/image/image.go:ResolvePath; pkg/util/fs/proc/proc.go:FindParentMountEntry",
        "A directory that Apptainer was given is not where it looks for it.",
        (
            Cause(
                "The path has a colon or a comma, at which --overlay is cut.",
                checks=(Check(name.colon), Check(name.comma)),
                errnos=(ENOENT,),
                remedy="a path without them; a bind mount at such a path will do",
            ),
            Cause(
                "The path is not UTF-8: Apptainer hands it on in JSON, which cannot hold it.",
                checks=(Check(name.utf8),),
                remedy="a path in UTF-8; a bind mount at such a path will do",
            ),
            Cause(
                "There is no such directory.",
                errnos=(ENOENT,),
                look="namei -l the path of the message",
            ),
        ),
    ),
    Message(
        "apptainer/noexec",
        r"'noexec' mount option set on",
        _SPEAKER,
        "internal/pkg/build/build.go",
        "A sandbox was to be made where no program can be started.",
        (
            Cause(
                "The file system is mounted noexec.",
                checks=(Check(mode.execute, refutes=(), errnos=(EACCES,)),),
                look="findmnt -T the path of the message -o TARGET,OPTIONS",
                remedy="mount -o remount,exec",
            ),
        ),
    ),
    Message(
        "apptainer/mount",
        r"can't mount overlay filesystem to",
        _SPEAKER,
        "internal/pkg/runtime/engine/apptainer/container_linux.go:mountGeneric",
        "The overlay of a container's root could not be mounted.",
        (
            NO_UPPER,
            Cause(
                "A sandbox, or what lies below, cannot be a lower layer of an overlay.",
                checks=(Check(overlay.lower),),
                errnos=(EINVAL,),
                look="dmesg | grep overlay",
                remedy="--underlay or --writable; " + LOCAL,
            ),
            UNBINDABLE,
            NO_RIGHT,
        ),
    ),
)
