"""Docker Engine with its classic image store (graphdrivers).

Sources are files of moby at v20.10.24 unless another version is named; go-archive is its layer
unpacker (pkg/archive there, vendor/github.com/moby/go-archive in docker-v29.0.0).
"""

from __future__ import annotations

from errno import (
    EBUSY,
    EINVAL,
    ENOENT,
    ENOTSUP,
    EPERM,
)

from ..probes import (
    directory,
    overlay,
    owner,
    quota,
)
from . import Cause, Check, Message
from ._causes import (
    FULL,
    LOCAL,
    NO_OVERLAY,
    NO_RIGHT,
    NO_UPPER,
    OPTION,
    UNWRITABLE,
)

_NFS_LISTED = "17.12.0 to 19.03.6, which knew file systems by name"

MESSAGES = (
    Message(
        "docker/driver-removed",
        r"driver not supported: (?:aufs|devicemapper|overlay)\b",
        "dockerd since 24.0",
        "layer/layer_store.go:NewStoreFromOptions at v24.0.0; daemon/graphdriver/ there has no "
        "aufs and no overlay, that of v25.0.0 no devicemapper either",
        "This dockerd does not have the storage driver that was asked for.",
        (
            Cause(
                "The driver was removed: aufs and overlay in 24.0, devicemapper in 25.0.",
                look="grep storage-driver /etc/docker/daemon.json",
                remedy='set "storage-driver": "overlay2"; images of the old driver have to be '
                "saved with the old dockerd, or pulled anew",
            ),
        ),
    ),
    Message(
        "docker/driver-not-supported",
        r"error initializing graphdriver: driver not supported(?!: (?:aufs|devicemapper|overlay)\b)"
        r"|prior storage driver \S{1,80} failed: driver not supported",
        "dockerd since 19.03.7",
        "daemon/graphdriver/errors.go:ErrNotSupported; daemon/graphdriver/overlay2/overlay.go:Init",
        "dockerd tried an overlay mount in its data-root, and that failed for a reason that only "
        "the line before this one tells (failed to mount overlay: …).",
        (
            NO_UPPER,
            OPTION,
            NO_OVERLAY,
            UNWRITABLE,
            FULL,
            NO_RIGHT,
        ),
    ),
    Message(
        "docker/prerequisites",
        r"prerequisites for driver not satisfied",
        "dockerd",
        "daemon/graphdriver/errors.go:ErrPrerequisites",
        "The btrfs or zfs driver was asked for.",
        (
            Cause(
                "The data-root does not lie on the file system of that name.",
                look="findmnt -T <data-root>",
                remedy='mount it there, or set "storage-driver": "overlay2"',
            ),
        ),
    ),
    Message(
        "docker/overlay-check",
        r"failed to mount overlay(?: for metacopy check)?:",
        "dockerd since 19.03.7; containerd's, BuildKit's and k3s' overlay check",
        "daemon/graphdriver/overlayutils/overlayutils.go:SupportsOverlay; containerd "
        "plugins/snapshots/overlay/overlayutils/check.go:SupportsMultipleLowerDir at v2.3.4",
        "The trial mount of an overlay failed.",
        (NO_UPPER, OPTION, NO_OVERLAY, NO_RIGHT),
    ),
    Message(
        "docker/overlay-denied-by-name",
        r"'overlay2' is not supported over|"
        r"'overlay' is not supported over \S{1,80} {1,9}storage-driver=",
        f"dockerd {_NFS_LISTED}",
        "daemon/graphdriver/overlay2/overlay.go:Init at v19.03.6",
        "That dockerd has a list of file systems that it refuses by name.",
        (
            Cause(
                "The file system, on which no overlay can be mounted.",
                checks=(Check(overlay.upper),),
                remedy=LOCAL,
            ),
        ),
    ),
    Message(
        "docker/overlay-mount",
        r"error creating overlay mount to (?!.{0,300}too many levels)",
        "dockerd, overlay2",
        "daemon/graphdriver/overlay2/overlay.go:Get",
        "A container's root could not be mounted, although dockerd had started with overlay2. "
        "dockerd tries a mount when it starts (except 17.12.0 to 19.03.6).",
        (
            Cause(
                "The file system cannot hold an overlay's upper directory; it was mounted there "
                "after dockerd had started, or this dockerd does not try at the start.",
                checks=(Check(overlay.upper),),
                errnos=(EINVAL,),
                look="dmesg | grep overlay; findmnt -R <data-root>",
                remedy=LOCAL,
            ),
            Cause(
                "A directory of a layer, or its link in overlay2/l, is gone: the data-root was "
                "copied in part, cleaned by hand, or something is mounted over it.",
                problems=("links-missing", "links-gone", "layers-missing"),
                errnos=(ENOENT,),
                look="findmnt -R <data-root>; ls <data-root>/overlay2/l",
                remedy="unmount what lies over it; else remove the image and pull it anew",
            ),
            Cause(
                "Another overlay still uses the layer, and the overlay module has index=on.",
                errnos=(EBUSY,),
                look="cat /sys/module/overlay/parameters/index; dmesg | grep in-use",
                remedy="unmount the other; dockerd adds index=off itself if it can see that file",
            ),
            NO_OVERLAY,
            NO_RIGHT,
        ),
    ),
    Message(
        "docker/d-type",
        r"the backing \S+ filesystem is formatted without d_type support",
        "dockerd and docker info; Podman, Buildah, CRI-O",
        "daemon/graphdriver/overlayutils/overlayutils.go:ErrDTypeNotSupported; daemon/info_unix.go "
        "at v20.10.24; containers/storage drivers/overlayutils/overlayutils.go at v1.43.0",
        "Reading a directory there does not tell the type of its entries (d_type), without which "
        "an overlay shows deleted files and cannot remove directories.",
        (
            Cause(
                "The file system gives no d_type.",
                checks=(Check(directory.d_type),),
                remedy="xfs: make it anew with mkfs.xfs -n ftype=1; ext4: tune2fs -O filetype and "
                "e2fsck -f; else " + LOCAL,
            ),
        ),
    ),
    Message(
        "docker/project-quota",
        r"--storage-opt is supported only for overlay over xfs with 'pquota'|"
        r"Storage [Oo]ption overlay2?\.size (?:not supported|only supported for backingFS XFS)|"
        r"storage options? overlay\.size and overlay\.inodes (?:not|only) supported",
        "dockerd, overlay2; Podman",
        "daemon/graphdriver/overlay2/overlay.go:Init, CreateReadWrite; containers/storage "
        "drivers/overlay/overlay.go:Init",
        "A size limit for containers needs project quotas, and here only those of xfs count.",
        (
            Cause(
                "Project quotas are not in force there.",
                checks=(Check(quota.project, refutes=()),),
                look="findmnt -T <data-root> -o FSTYPE,OPTIONS",
                remedy="xfs mounted with pquota (not by remount; for / rootflags=pquota); ext4's "
                "are refused by name",
            ),
        ),
    ),
    Message(
        "docker/root-permissions",
        r"could not create or set daemon root permissions|"
        r"\bchmod \S{1,900}: (?:operation not (?:permitted|supported)|read-only file system)",
        "dockerd",
        "daemon/daemon_unix.go:setupDaemonRoot; go-archive archive_unix.go:handleLChmod",
        "dockerd could not make its data-root or set its mode and owner, as it does when it "
        "starts; or a file of a layer could not be given its mode.",
        (
            UNWRITABLE,
            Cause(
                "The directory is immutable or append-only.",
                checks=(Check(directory.changeable),),
                errnos=(EPERM,),
                remedy="chattr -i -a",
            ),
            Cause(
                "Modes cannot be changed there.",
                checks=(Check(owner.chmod),),
                errnos=(EPERM, ENOTSUP),
                when=r"^(?!.*\bl?chown )",
                remedy="export with no_root_squash; " + LOCAL,
            ),
            Cause(
                "Owners cannot be changed there.",
                checks=(Check(owner.chown),),
                errnos=(EPERM, ENOTSUP),
                when=r"^(?!.*\bchmod )",
                remedy="export with no_root_squash; " + LOCAL,
            ),
        ),
    ),
    Message(
        "docker/remapped-root",
        r"restricts access to the remapped root uid/gid",
        "dockerd with userns-remap",
        "daemon/daemon_unix.go:setupDaemonRoot",
        "The remapped root must be able to pass through every directory above the data-root.",
        (
            Cause(
                "A directory above the data-root has no x for others.",
                look="namei -l <data-root>",
                remedy="chmod o+x",
            ),
        ),
    ),
    Message(
        "docker/several-drivers",
        r"contains several valid graphdrivers",
        "dockerd",
        "daemon/graphdriver/driver.go:New",
        "The data-root has layers of more than one storage driver, and none was chosen. A driver's "
        "directory counts as soon as it is not empty: lost+found in it is enough.",
        (
            Cause(
                "More than one of overlay2/, btrfs/, zfs/, … in the data-root is not empty.",
                problems=("several-drivers",),
                look="ls -A <data-root>/{overlay2,btrfs,zfs,fuse-overlayfs}",
                remedy='set "storage-driver" in /etc/docker/daemon.json; layers of the others stay '
                "hidden until removed",
            ),
        ),
    ),
)
