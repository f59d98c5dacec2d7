"""Docker Engine with its classic image store: which storage driver it can use, and their own words.

Sources are files of moby at v20.10.24 unless another version is named.
"""

from __future__ import annotations

from errno import EINVAL, ENOTSUP, EPERM

from ..probes import directory, driver, overlay, quota, subvolume
from . import Cause, Check, Message
from ._causes import BROKEN, LOCAL, NO_OVERLAY, NO_UPPER, OPTION, UNBINDABLE

MESSAGES = (
    Message(
        "docker/driver-removed",
        r"driver not supported: (?:aufs|devicemapper|overlay)\b|"
        r"the \S{1,80} storage-driver has been deprecated and removed",
        "dockerd since 24.0",
        "layer/layer_store.go:NewStoreFromOptions at v24.0.0; daemon/graphdriver/ there has no "
        "aufs and no overlay, that of v25.0.0 no devicemapper either; driver.go:checkRemoved",
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
        "docker/prerequisites",
        r"prerequisites for driver not satisfied",
        "dockerd",
        "daemon/graphdriver/errors.go:ErrPrerequisites; btrfs/btrfs.go:Init, zfs/zfs.go:Init",
        "The btrfs or zfs driver was asked for.",
        (
            Cause(
                "If it is btrfs: the data-root does not lie on btrfs.",
                checks=(Check(driver.btrfs),),
                when=r"^(?!.*: zfs\b)",
                look="findmnt -T <data-root>",
                remedy='mount btrfs there, or set "storage-driver": "overlay2"',
            ),
            Cause(
                "If it is zfs: the data-root does not lie on ZFS.",
                checks=(Check(driver.zfs),),
                when=r"^(?!.*: btrfs\b)",
                look="findmnt -T <data-root>",
                remedy='mount ZFS there, or set "storage-driver": "overlay2"',
            ),
            Cause(
                "If it is zfs: there is no program zfs, or /dev/zfs cannot be opened.",
                when=r"^(?!.*: btrfs\b)",
                look="which zfs; ls -l /dev/zfs",
            ),
        ),
    ),
    Message(
        "docker/project-quota",
        r"--storage-opt is supported only for overlay over xfs with 'pquota'|"
        r"Storage [Oo]ption overlay2?\.size (?:not supported|only supported for backingFS XFS)|"
        r"storage options? overlay\.size and overlay\.inodes (?:not|only) supported|"
        r"Filesystem does not support, or has not enabled quotas|"
        r"quota size requested but no quota support|volume options size and inodes not supported|"
        r"Unable to setup quota",
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
    Message(
        "docker/graphdriver",
        r"error initializing graph(?:driver)?:? ?(?:…|\.{3}|>)$",
        "dockerd; what cuts the line is systemctl or a terminal",
        "daemon/daemon.go:NewDaemon, layer/layer_store.go:NewStoreFromOptions",
        "dockerd could not use its storage driver. The line breaks off before it says why, and no "
        "cause is established by what is left of it.",
        (
            NO_UPPER,
            OPTION,
            UNBINDABLE,
            NO_OVERLAY,
            Cause(
                "The file system gives no d_type.",
                checks=(Check(directory.d_type),),
                look="journalctl -u docker -o cat --no-pager, which cuts nothing",
                remedy=LOCAL,
            ),
        ),
    ),
    Message(
        "docker/no-driver",
        r"no supported storage driver found|unsupported graph driver: \S",
        "dockerd since 29; kubeadm",
        "daemon/graphdriver/driver.go:New at docker-v29.0.0; kubernetes/system-validators "
        "validators/docker_validator.go:validateDockerInfo",
        "dockerd found no storage driver that it can use by itself; or kubeadm does not know the "
        "one that Docker has.",
        (
            Cause(
                "The file system cannot hold the upper and work directory of an overlay.",
                checks=(Check(overlay.upper),),
                when="storage driver",
                remedy=LOCAL,
            ),
            Cause(
                "kubeadm has a list of drivers by name. It says nothing of the file system.",
                when="graph driver",
                look="docker info -f '{{.Driver}}'",
                remedy="kubeadm --ignore-preflight-errors=SystemVerification",
            ),
        ),
    ),
    Message(
        "docker/rootless-selinux",
        r"overlay is not supported for Rootless with SELinux",
        "dockerd, rootless",
        "daemon/graphdriver/overlayutils/overlayutils.go:SupportsOverlay",
        "Where SELinux is on, rootless dockerd tries no overlay. This says nothing of the file "
        "system.",
        (
            Cause(
                "SELinux is on.",
                look="getenforce",
                remedy="install fuse-overlayfs, which dockerd then takes by itself",
            ),
        ),
    ),
    Message(
        "docker/btrfs",
        r"Failed to (?:create btrfs (?:subvolume|snapshot)|destroy btrfs snapshot)|"
        r"failed to delete subvolume without root",
        "dockerd, btrfs; Podman",
        "daemon/graphdriver/btrfs/btrfs.go:subvolCreate, subvolSnapshot, subvolDelete; Remove at "
        "docker-v29.0.0",
        "A subvolume for a layer or a container could not be made or removed.",
        (
            Cause(
                "No subvolume can be made and removed there.",
                checks=(Check(subvolume.create),),
                remedy="mount btrfs there; rootless: with user_subvol_rm_allowed",
            ),
            Cause(
                "No snapshot can be taken of a subvolume there.",
                checks=(Check(subvolume.snapshot),),
                when="snapshot",
                remedy="mount btrfs there",
            ),
            Cause(
                "Whoever asks may not remove a subvolume: a user, without user_subvol_rm_allowed.",
                errnos=(EPERM,),
                look="findmnt -T <path> -o OPTIONS",
                remedy="mount -o remount,user_subvol_rm_allowed",
            ),
            BROKEN,
        ),
    ),
    Message(
        "docker/zfs",
        r"No zfs dataset found for root|Failed to find zfs dataset mounted on",
        "dockerd, zfs",
        "daemon/graphdriver/zfs/zfs.go:lookupZfsDataset, zfs_linux.go:checkRootdirFs",
        "The zfs driver makes a dataset for each layer, below that of the data-root.",
        (
            Cause(
                "The data-root does not lie on ZFS.",
                checks=(Check(driver.zfs),),
                look="findmnt -T <data-root>",
                remedy='mount a dataset there, or set "storage-driver": "overlay2"',
            ),
        ),
    ),
    Message(
        "engine/bind-itself",
        r"failed to make \S{1,900} a mount\b|failed to make mount private|"
        r"\bmount \S{1,900}:\S{1,900}, flags: 0x1000\b",
        "dockerd, btrfs and others; Podman, Buildah, CRI-O",
        "daemon/graphdriver/btrfs/btrfs.go:Init (mount.MakeMount); containers/storage "
        "drivers/overlay/overlay.go:Init (mount.MakePrivate) at v1.43.0",
        "The directory of the driver could not be mounted on itself.",
        (
            UNBINDABLE,
            Cause(
                "The process may not mount: it is in a container without CAP_SYS_ADMIN.",
                errnos=(EPERM,),
                look="grep CapEff /proc/self/status, there",
            ),
        ),
    ),
    Message(
        "docker/metacopy-check",
        r"for metacopy check\b|metacopy flag was not set on file in the upperdir|"
        r"Ignoring global metacopy option",
        "dockerd, overlay2; Podman, Buildah, CRI-O",
        "daemon/graphdriver/overlay2/check.go:usingMetacopy; containers/storage "
        "drivers/overlay/check.go:doesMetacopy at v1.43.0",
        "A trial overlay, to see whether it copies up metadata alone, did not behave as expected.",
        (
            Cause(
                "The overlay does not do it, or not there.",
                checks=(Check(overlay.metacopy, confirms=()),),
                errnos=(ENOTSUP, EINVAL, EPERM),
                look="cat /sys/module/overlay/parameters/metacopy; dmesg | grep overlay",
            ),
            NO_UPPER,
        ),
    ),
)
