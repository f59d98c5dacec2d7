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
)
from . import Cause, Check, Message
from ._causes import (
    BROKEN,
    FULL,
    LOCAL,
    NO_ACCESS,
    NO_ACCESS_ROOTLESS,
    NO_OVERLAY,
    NO_RIGHT,
    NO_UPPER,
    OPTION,
    UNBINDABLE,
    UNWRITABLE,
)

_NFS_LISTED = "17.12.0 to 19.03.6, which knew file systems by name"

MESSAGES = (
    Message(
        "docker/driver-not-supported",
        r"error initializing graphdriver: driver not supported(?!: (?:aufs|devicemapper|overlay)\b)"
        r"|prior storage driver \S{1,80} failed: driver not supported"
        r"|^\W{0,9}driver not supported\W{0,9}$",
        "dockerd since 19.03.7",
        "daemon/graphdriver/errors.go:ErrNotSupported; daemon/graphdriver/overlay2/overlay.go:Init",
        "dockerd tried an overlay mount in its data-root, and that failed for a reason that only "
        "the line before this one tells (failed to mount overlay: …).",
        (
            NO_UPPER,
            OPTION,
            UNBINDABLE,
            NO_OVERLAY,
            UNWRITABLE,
            FULL,
            NO_RIGHT,
        ),
    ),
    Message(
        "docker/overlay-check",
        r"failed to mount overlay(?: for metacopy check)?:",
        "dockerd since 19.03.7; containerd's, BuildKit's and k3s' overlay check",
        "daemon/graphdriver/overlayutils/overlayutils.go:SupportsOverlay; containerd "
        "plugins/snapshots/overlay/overlayutils/check.go:SupportsMultipleLowerDir at v2.3.4",
        "The trial mount of an overlay failed.",
        (NO_UPPER, OPTION, UNBINDABLE, NO_OVERLAY, NO_RIGHT, NO_ACCESS, NO_ACCESS_ROOTLESS),
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
        "dockerd, overlay2; Podman before 4.0",
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
            UNBINDABLE,
            NO_OVERLAY,
            NO_RIGHT,
            NO_ACCESS,
            NO_ACCESS_ROOTLESS,
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
        "docker/root-permissions",
        r"could not create or set daemon root permissions|"
        r"\bchmod \S{1,900}: [a-z]",
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
                "It belongs to another: the server makes what root makes another's.",
                checks=(Check(owner.created),),
                errnos=(EPERM,),
                remedy="export with no_root_squash; drop all_squash",
            ),
            Cause(
                "Modes are not kept there: FAT and SMB have none, and refuse some.",
                checks=(Check(owner.mode),),
                errnos=(EPERM, ENOTSUP),
                when=r"^(?!.*\bl?chown )",
                remedy=LOCAL,
            ),
            BROKEN,
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
)
