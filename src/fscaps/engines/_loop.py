"""Arrangements in which a path holds one large file, and that file a file system.

They are what reaches the goal where a path cannot back an engine's storage itself: migrating a
data-root between hosts, sharing images read-only. Each was run, with the engine and a second
client, on NFS in User-Mode Linux: docs/how-to has the commands, tests/uml runs them.
"""

from __future__ import annotations

from ..model import Level, Need, Role
from ..probes import directory, durability, loop, space

MOVE = (
    "keep the data-root in an ext4 image file here that one host mounts at a time "
    "(docker/loop-data-root; docs/how-to/move-a-data-root.md)"
)
"""A remedy: a data-root that moves between hosts."""
SHARE = (
    "share images as a read-only EROFS image file here, additionalimagestores of every host's "
    "podman (podman/loop-image-store; docs/how-to/share-images-read-only.md)"
)
"""A remedy: images that many hosts read."""

_WHOLE_FILES = (
    "use storage that lets a file be changed in place: NFS, SMB, sshfs; rclone with "
    "--vfs-cache-mode full; or a block device over the network (nbd, iSCSI, rbd)"
)
_LOADED = "load the drivers and ask again: modprobe -a loop {} (Linux 5.8 or later, as root)"
_UNWRITTEN = "mkfs.ext4: {Error} while writing out and closing file system"

_KEPT = (
    Need(
        (directory.writable,),
        because="The image file is made here.",
        source="docs/how-to/move-a-data-root.md",
        says="truncate: cannot open '…' for writing: {Error}\n" + _UNWRITTEN,
        remedy="make the path writable for root; or use another",
    ),
    Need(
        (space.extend,),
        because="An image file is made long first, and then written in any place.",
        source="docs/how-to/move-a-data-root.md; drivers/block/loop.c:lo_rw_aio",
        says="truncate: failed to truncate '…' at … bytes: {Error}\n" + _UNWRITTEN,
        remedy=_WHOLE_FILES,
    ),
    Need(
        (durability.fsync,),
        because="ext4 flushes its journal through the loop device with fsync(2) of the file.",
        source="drivers/block/loop.c:lo_req_flush",
        says="Buffer I/O error on dev loop…",
        remedy=_WHOLE_FILES,
    ),
)
_ROOMY = (
    Need(
        (space.large,),
        level=Level.SHOULD,
        because="The image must stay below 4 GiB, or it is unknown whether it may be larger.",
        source="truncate(2), EFBIG",
        says="truncate: failed to truncate '…' at … bytes: {Error}",
        remedy="use a file system without that limit, which vfat has",
    ),
    Need(
        (space.sparse,),
        level=Level.SHOULD,
        because="The image takes its full size from the start, not what is in use.",
        source="lseek(2), SEEK_HOLE",
        remedy="make the image no larger than you can spare",
    ),
)

DATA_ROOT = Role(
    id="docker/loop-data-root",
    title="a data-root in an image file",
    alternative=True,
    needs=(
        *_KEPT,
        Need(
            (loop.device,),
            because="The image is attached by a loop device.",
            source="drivers/block/loop.c:loop_configure",
            says="losetup: …: failed to set up loop device: {Error}",
            remedy=_LOADED.format("ext4 overlay"),
        ),
        Need(
            (loop.ext4,),
            because="The host mounts the ext4 in the image as its data-root.",
            source="mount(8)",
            says="mount: …: {error}",
            remedy=_LOADED.format("ext4 overlay"),
        ),
        Need(
            (loop.overlay,),
            because="dockerd's overlay2 works on that ext4.",
            source="daemon/graphdriver/overlay2/overlay.go:Get",
            says="failed to mount overlay: {error}",
            remedy=_LOADED.format("ext4 overlay"),
        ),
        Need(
            (loop.direct,),
            level=Level.SHOULD,
            because="Without direct I/O a host sees its own cache of the image, so that ext4's "
            "multiple mount protection does not notice a second host; two at once destroy the "
            "image. Measured on NFS 4.2.",
            source="fs/ext4/mmp.c:ext4_multi_mount_protect; drivers/block/loop.c:loop_update_dio",
            remedy="make sure by other means that one host alone mounts it (a cluster manager that "
            "fences); or use a block device over the network",
        ),
        *_ROOMY,
    ),
)

IMAGE_STORE = Role(
    id="podman/loop-image-store",
    title="a shared image store in an image file",
    alternative=True,
    needs=(
        Need(
            (loop.erofs,),
            because="Each host mounts the EROFS image of the store, read-only.",
            source="mount(8); containers-storage.conf(5), additionalimagestores",
            says="cp: cannot create regular file …: {Error}\ncp: error writing …: {Error}\n"
            "mount: …: {Error}",
            remedy=_LOADED.format("erofs")
            + "; where this host may not write, ask on one that may, for the image is made there",
        ),
        _ROOMY[0],
    ),
)
