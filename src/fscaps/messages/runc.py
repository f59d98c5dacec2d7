"""runc, as Docker, containerd and Podman pass on what it says.

Sources are files of runc at v1.1.5 unless another version is named.
"""

from __future__ import annotations

from errno import EACCES, EINVAL, ENOENT

from ..probes import mode, name
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
        r"MOUNT_ATTR_IDMAP on \S{1,900}: |doesn't support idmap mounts\b(?! on this host)|"
        r"\bmount_setattr \S{1,900}[^:]{0,300}: |failed to create idmapped mount",
        "runc since 1.2; crun says mount_setattr; containerd",
        "libcontainer/mount_linux.go at v1.2.0; crun src/libcrun/linux.c; containerd "
        "core/mount/mount_idmapped_linux.go at v2.1.9",
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
        r"exec(?: failed)?:? (?:.{0,80}container process: exec: )?\S{1,600}: permission denied|"
        r"OCI permission denied|crun: open executable: permission denied",
        "runc; crun, through Podman",
        "libcontainer/standard_init_linux.go:Init (exec.LookPath, system.Exec); podman "
        "libpod/oci_util.go:getOCIRuntimeError at v4.3.1; crun src/libcrun/utils.c",
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
                "module forbids it; rootless: a directory above the store has no x for others "
                "(podman#24704).",
                errnos=(EACCES,),
                look="ls -l the program, in the image; namei -l <graphroot>",
            ),
        ),
    ),
    Message(
        "runc/not-in-path",
        r"executable file not found in \$PATH",
        "runc, crun",
        "os/exec LookPath, as libcontainer/standard_init_linux.go calls it",
        "A program that was named without its directory was not found, or none that can be "
        "executed.",
        (
            Cause(
                "The container's root is a bind mount on a file system mounted noexec (vfs, btrfs, "
                "native), where no program counts as one (measured with vfs).",
                checks=(Check(mode.execute, refutes=(), errnos=(EACCES,)),),
                look="findmnt -T <data-root> -o TARGET,OPTIONS",
                remedy="mount -o remount,exec",
            ),
            Cause(
                "The image has no such program, or not in its PATH.",
                look="docker run --rm --entrypoint ls IMAGE /bin /usr/bin",
            ),
        ),
    ),
    Message(
        "runc/rootfs-gone",
        r"invalid rootfs: stat .{1,900}: no such file or directory",
        "runc, through dockerd",
        "libcontainer/configs/validate/validator.go:rootfs; moby daemon/oci_linux.go:"
        "WithCommonOptions at v20.10.24 (encoding/json); measured on paths in Latin-1",
        "The container's root is not where runc was told.",
        (
            Cause(
                "The path is not UTF-8: dockerd hands it to runc in JSON, which cannot hold it.",
                checks=(Check(name.utf8),),
                remedy="a data-root in UTF-8; a bind mount at such a path will do",
            ),
            Cause(
                "The root was unmounted or removed meanwhile, or is mounted in another mount "
                "namespace.",
                errnos=(ENOENT,),
                look="ls -ld the path of the message; grep it /proc/[0-9]*/mountinfo",
            ),
        ),
    ),
    Message(
        "crun/log-type",
        r"crun: unknown log type",
        "crun, through Podman",
        "crun src/libcrun/error.c:libcrun_init_logging at 1.8.1",
        "Podman hands crun the path of a log, and crun takes what stands before a colon for its "
        "type.",
        (
            Cause(
                "The path has a colon.",
                checks=(Check(name.colon),),
                remedy="a graphroot without a colon; a bind mount at such a path will do",
            ),
        ),
    ),
    Message(
        "ld/relro",
        r"cannot apply additional memory protection after relocation|RELRO protection failed",
        "ld.so of a container",
        "glibc elf/dl-reloc.c:_dl_protect_relro; moby#41654",
        "A library of the image could not be protected after it was loaded: mprotect(2) was "
        "refused.",
        (
            Cause(
                "SELinux: the data-root was moved, and its files do not have the labels that "
                "containers may use.",
                errnos=(EACCES,),
                look="getenforce; ls -Zd <data-root>; ausearch -m avc -ts recent",
                remedy="semanage fcontext -a -e /var/lib/docker <data-root>, then "
                "restorecon -R <data-root>",
            ),
        ),
    ),
    Message(
        "runc/pivot-root",
        r"pivot_root \S{0,300}: invalid argument",
        "runc, crun",
        "libcontainer/rootfs_linux.go:pivotRoot; pivot_root(2)",
        "The container's root could not be made its /.",
        (
            Cause(
                "The host runs from its initramfs (a rootfs), which cannot be left behind.",
                errnos=(EINVAL,),
                look="findmnt / -o FSTYPE",
                remedy="DOCKER_RAMDISK=true for dockerd, --no-pivot for runc; or switch_root to a "
                "tmpfs first",
            ),
        ),
    ),
)
