"""mount(8), losetup(8) and ext4, as in the how-tos: images in files, devices on the network.

Sources are files of util-linux at v2.38 and of Linux 6.1.192.
"""

from __future__ import annotations

from errno import EINVAL, EIO, ENODEV, ENOENT, ENOTCONN, EPERM

from ..probes import durability, loop, mode, overlay, space
from . import Cause, Check, Message
from ._causes import BROKEN, LOCAL

_EXCODE = "libmount/src/context_mount.c:mnt_context_get_mount_excode"

MESSAGES = (
    Message(
        "mount/busy",
        r"already mounted (?:or mount point busy|on)|mount point is busy",
        "mount(8)",
        _EXCODE,
        "mount(2) said EBUSY.",
        (
            Cause(
                "ext4 with multiple mount protection (mmp): another host has the file system "
                "mounted, or had it and was not unmounted; the kernel's log names the host.",
                look="dmesg | grep -i -e mmp -e 'active on another'",
                remedy="unmount it there; only if that host is certainly down: "
                "tune2fs -f -E clear_mmp DEVICE (docs/how-to/move-a-data-root.md)",
            ),
            Cause(
                "This host has it mounted already, or a process holds the device.",
                look="findmnt -S DEVICE; losetup --associated IMAGE; fuser -v DEVICE",
            ),
        ),
    ),
    Message(
        "ext4/mmp",
        r"Device is already active on another node|ext4_multi_mount_protect|\bext4_mmp\b|"
        r"MMP interval \d+ higher|MMP failure info|kmmpd",
        "Linux, ext4",
        "fs/ext4/mmp.c:ext4_multi_mount_protect, kmmpd",
        "ext4's multiple mount protection: a block in the file system says that a host has it "
        "mounted.",
        (
            Cause(
                "Another host has it mounted. The lines beside it name the host and the time.",
                look="dmesg | grep -A1 MMP; dumpe2fs -m DEVICE",
                remedy="unmount it there",
            ),
            Cause(
                "A host that had it mounted went down; the mount waits for the time that it had "
                "promised, and goes on then (interval … higher than expected).",
                look="dumpe2fs -m DEVICE",
                remedy="wait; or, if that host is certainly down, tune2fs -f -E clear_mmp DEVICE",
            ),
        ),
    ),
    Message(
        "loop/set-up",
        r"losetup: .{1,600}: failed to (?:set up loop device|use backing file|find)|"
        r"failed to setup loop device for|losetup: cannot find an unused loop device",
        "losetup(8), mount(8)",
        "sys-utils/losetup.c:create_loop; libmount/src/context_mount.c",
        "No loop device could be put on the image file.",
        (
            Cause(
                "The file system holds no file that a loop device can use: it cannot be made long "
                "and be written anywhere in it, or not be read that way.",
                checks=(Check(loop.device), Check(space.extend, refutes=())),
                errnos=(EINVAL, EIO, EPERM),
                remedy="rclone: mount with --vfs-cache-mode writes; else " + LOCAL,
            ),
            Cause(
                "Direct I/O was asked for, and the file system has none.",
                checks=(Check(loop.direct),),
                errnos=(EINVAL,),
                remedy="leave out --direct-io=on, and let one host alone use the image: two then "
                "do not notice each other",
            ),
            Cause(
                "There is no such file.",
                errnos=(ENOENT,),
                look="ls -l the path of the message; findmnt -T it",
            ),
            Cause(
                "There is no loop device: the module is not loaded, or a container may not use it.",
                errnos=(ENOENT, ENODEV, EPERM),
                look="ls -l /dev/loop-control; modprobe loop",
            ),
        ),
    ),
    Message(
        "loop/io-error",
        r"Buffer I/O error on dev(?:ice)? (?:loop|nbd|rbd|sd|dm-)|I/O error, dev (?:loop|nbd|rbd)",
        "Linux",
        "fs/buffer.c:buffer_io_error; drivers/block/loop.c:lo_req_flush, lo_rw_aio",
        "A block of a device could not be read or written. What ext4 or xfs has in it may be "
        "lost, and it mostly turns read-only.",
        (
            Cause(
                "The file under a loop device cannot be synced.",
                checks=(Check(durability.fsync),),
                when="loop",
                remedy=LOCAL,
            ),
            Cause(
                "The file system under the loop device is full, over its quota, or gone.",
                checks=(Check(space.writable, refutes=()),),
                when="loop",
                look="df the image; findmnt -T it",
            ),
            Cause(
                "The server or the network of the device does not answer.",
                look="dmesg | tail",
                remedy="end the engine, unmount, attach it anew, fsck",
            ),
        ),
    ),
    Message(
        "mount/image",
        r"wrong fs type, bad option, bad superblock on /|can't read superblock on|"
        r"unknown filesystem type '?(?:erofs|ext4|xfs|squashfs|btrfs)|"
        r"EROFS unsupported, please",
        "mount(8)",
        f"{_EXCODE}; containerd plugins/snapshots/erofs/plugin at v2.1.9",
        "A device or an image could not be mounted.",
        (
            Cause(
                "The kernel does not have the file system, or its module is not loaded.",
                look="grep -w -e erofs -e ext4 -e xfs /proc/filesystems; modprobe erofs",
                remedy="modprobe it; boot the installed kernel",
            ),
            Cause(
                "An EROFS image cannot be mounted from a file there.",
                checks=(Check(loop.erofs),),
                when="erofs|superblock",
                remedy=LOCAL,
            ),
            Cause(
                "What was written to an image there is not kept.",
                checks=(Check(loop.ext4),),
                when="superblock",
                remedy=LOCAL,
            ),
            Cause(
                "It is no such file system, or is damaged.",
                when="superblock",
                look="file -s DEVICE; fsck -n DEVICE; dmesg | tail",
            ),
        ),
    ),
    Message(
        "mount/call",
        r"^(?:mount|umount): (?:[^:]{1,600}: )?(?:invalid argument|transport endpoint|permission|"
        r"operation not|no such device|input/output)|mounting overlay .{0,300}failed: ",
        "mount(8) of util-linux or BusyBox",
        "mount(2)",
        "A mount was refused.",
        (
            Cause(
                "The directory cannot be a lower layer of an overlay.",
                checks=(Check(overlay.lower),),
                errnos=(EINVAL,),
                look="dmesg | grep overlay",
                remedy=LOCAL,
            ),
            Cause(
                "The mount is unbindable, of which overlay takes no layer.",
                checks=(Check(mode.bindable, errnos=(EINVAL,)),),
                errnos=(EINVAL,),
                remedy="mount --make-private <mount point>",
            ),
            Cause(
                "The process that served a FUSE file system is gone.",
                errnos=(ENOTCONN,),
                look="findmnt -T <path>",
                remedy="umount -l <mount point>, and mount it anew",
            ),
            Cause(
                "Whoever mounts may not.",
                errnos=(EPERM,),
                look="grep -e CapEff -e Seccomp /proc/self/status",
            ),
            BROKEN,
        ),
    ),
)
