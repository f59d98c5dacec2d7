"""runc, as Docker, containerd and Podman pass on what it says.

Sources are files of runc at v1.1.5 unless another version is named.
"""

from __future__ import annotations

from errno import EACCES, EINVAL

from ..probes import mode
from . import Cause, Check, Message

_LAYERS = ("overlay2", "fuse-overlayfs", "btrfs", "zfs", "vfs", "overlay", "rootfs")
"""Directories of a store in which containers' roots lie; a link elsewhere does no harm to runc."""

MESSAGES = (
    Message(
        "runc/rootfs-symlink",
        r"invalid rootfs: not an absolute path, or a symlink",
        "runc",
        "libcontainer/configs/validate/validator.go:rootfs",
        "The path of the container's root has a symbolic link in it.",
        (
            Cause(
                "overlay2 (or another directory of layers inside the data-root) is a symbolic "
                "link. dockerd resolves a link only at the data-root itself.",
                problems=tuple(f"symlink:{name} is " for name in _LAYERS),
                look="namei -l <data-root>/overlay2",
                remedy="set data-root in /etc/docker/daemon.json, or bind-mount the directory "
                "instead of linking it",
            ),
        ),
    ),
    Message(
        "runc/idmap",
        r"MOUNT_ATTR_IDMAP on \S{1,900}: |doesn't support idmap mounts on this kernel",
        "runc since 1.2; crun says mount_setattr",
        "libcontainer/mount_linux.go at v1.2.0",
        "A volume was to be mounted with shifted ids (a pod with a user namespace).",
        (
            Cause(
                "The file system of the volume has no idmapped mounts: NFS and most FUSE file "
                "systems have none, others only since a certain kernel.",
                errnos=(EINVAL,),
                look="man 2 mount_setattr, which lists file systems and kernels",
                remedy="run the pod without a user namespace (hostUsers: true), or keep the volume "
                "on another file system",
            ),
        ),
    ),
    Message(
        "runc/exec-denied",
        r"exec(?: failed)?:? (?:.{0,80}container process: exec: )?\S{1,600}: permission denied",
        "runc",
        "libcontainer/standard_init_linux.go:Init (exec.LookPath, system.Exec)",
        "A program in the container could not be started.",
        (
            Cause(
                "The program lies on a volume, or in a layer of a driver other than overlay, on a "
                "file system mounted noexec.",
                checks=(Check(mode.execute, refutes=(), errnos=(EACCES,)),),
                errnos=(EACCES,),
                look="findmnt -T <path> -o TARGET,OPTIONS",
                remedy="mount -o remount,exec",
            ),
            Cause(
                "The program has no x bit, is a directory, or its interpreter has none; a security "
                "module forbids it; rootless: a directory above the store has no x for others.",
                errnos=(EACCES,),
                look="ls -l the program, in the image; namei -l <graphroot>",
            ),
        ),
    ),
)
