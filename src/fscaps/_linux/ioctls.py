"""ioctl(2) and quotactl(2) requests, with the numbers of the kernel's headers.

linux/fs.h, linux/dqblk_xfs.h, linux/btrfs.h.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct

from . import libc
from .libc import naming

_FICLONE = 0x40049409
_FS_IOC_FSGETXATTR = 0x801C581F
_FS_IOC_GETFLAGS = 0x80006601 | struct.calcsize("l") << 16  # _IOR('f', 1, long)
_FS_IMMUTABLE_FL = 0x10
_FS_APPEND_FL = 0x20
_Q_GETFMT = 0x800004
_Q_XGETQSTAT = 0x5805
_PRJQUOTA = 2
_PROJECT_ACCOUNTED_AND_ENFORCED = 0x30
_BTRFS_IOC_SUBVOL_CREATE = 0x5000940E
_BTRFS_IOC_SNAP_DESTROY = 0x5000940F
_BTRFS_IOC_SNAP_CREATE_V2 = 0x50009417

SUBVOLUME_INODE = 256
"""The inode number of a subvolume's top (BTRFS_FIRST_FREE_OBJECTID)."""

# What a file system says to a request that it does not know.
# EBADF is CIFS's answer of a directory, with unix extensions; the descriptor is a good one.
_NO_SUCH_REQUEST = (errno.ENOTTY, errno.ENOTSUP, errno.EINVAL, errno.EBADF)

# asm/ioctl.h of these encodes the direction in other bits.
_OTHER_ENCODING = ("ppc", "mips", "sparc", "alpha", "parisc")


def _refuse_other_encoding(name: str) -> None:
    if os.uname().machine.startswith(_OTHER_ENCODING):
        raise OSError(errno.ENOSYS, f"{name}: number unknown on this architecture")


def _request(fd: int, name: str, number: int, argument: int | bytes) -> bytes:
    """ENOTTY also where a FUSE server has no ioctl(2) and the kernel says ENOSYS (seen: 5.10)."""
    _refuse_other_encoding(name)
    try:
        if isinstance(argument, int):
            fcntl.ioctl(fd, number, argument)
            return b""
        return fcntl.ioctl(fd, number, argument)
    except OSError as error:
        code = error.errno or errno.EIO
        code = errno.ENOTTY if code == errno.ENOSYS else code
        raise OSError(code, f"{name}: {os.strerror(code)}") from None


def _flags(fd: int) -> int:
    """FS_IOC_GETFLAGS (ioctl_iflags(2)); 0 on a file system without such flags."""
    try:
        answer = _request(fd, "FS_IOC_GETFLAGS", _FS_IOC_GETFLAGS, bytes(8))
    except OSError as error:
        if error.errno not in _NO_SUCH_REQUEST:
            raise
        return 0
    return int(struct.unpack("=I4x", answer)[0])


def is_append_only(fd: int) -> bool:
    """Whether the directory takes new entries but lets none be removed (chattr +a).

    Raises OSError if the file system knows such flags and does not tell; so does the next.
    """
    return bool(_flags(fd) & _FS_APPEND_FL)


def is_immutable(fd: int) -> bool:
    """Whether the directory cannot be changed at all (chattr +i)."""
    return bool(_flags(fd) & _FS_IMMUTABLE_FL)


def clone(source: int, target: int) -> None:
    """FICLONE (ioctl_ficlone(2)): make the target share the source's blocks."""
    _request(target, "FICLONE", _FICLONE, source)


def project_id(fd: int) -> int:
    """FS_IOC_FSGETXATTR: the project that the file belongs to."""
    answer = _request(fd, "FS_IOC_FSGETXATTR", _FS_IOC_FSGETXATTR, bytes(28))
    return int(struct.unpack("=5I8x", answer)[3])


def project_quota_enforced(device: bytes) -> bool:
    """Q_XGETQSTAT for project quota: whether it is both accounted and enforced."""
    import ctypes  # noqa: PLC0415 - as in libc

    status = ctypes.create_string_buffer(96)
    command = _Q_XGETQSTAT << 8 | _PRJQUOTA
    libc.call("quotactl", command, device, 0, ctypes.addressof(status))
    # struct fs_quota_stat: __s8 qs_version, __u16 qs_flags, ...
    flags = int(struct.unpack_from("=H", status.raw, 2)[0])
    return flags & _PROJECT_ACCOUNTED_AND_ENFORCED == _PROJECT_ACCOUNTED_AND_ENFORCED


def knows_quota() -> bool:
    """Whether the kernel has quotactl(2): of no device at all it then says so (ENODEV)."""
    try:
        libc.call("quotactl", _Q_GETFMT << 8, None, 0, None)
    except OSError as error:
        return error.errno != errno.ENOSYS
    return True


def make_subvolume(directory: int, name: bytes) -> None:
    """BTRFS_IOC_SUBVOL_CREATE."""
    _perform(directory, "BTRFS_IOC_SUBVOL_CREATE", _BTRFS_IOC_SUBVOL_CREATE, _volume(name))


def destroy_subvolume(directory: int, name: bytes) -> None:
    """BTRFS_IOC_SNAP_DESTROY, of a subvolume as of a snapshot, with all that is in it."""
    _perform(directory, "BTRFS_IOC_SNAP_DESTROY", _BTRFS_IOC_SNAP_DESTROY, _volume(name))


def make_snapshot(source: int, directory: int, name: bytes) -> None:
    """BTRFS_IOC_SNAP_CREATE_V2: a writable snapshot of the subvolume ``source``."""
    # struct btrfs_ioctl_vol_args_v2: fd, transid, flags, four unused words, name
    argument = struct.pack("=qQQ32x4040s", source, 0, 0, name)
    _perform(directory, "BTRFS_IOC_SNAP_CREATE_V2", _BTRFS_IOC_SNAP_CREATE_V2, argument)


def _volume(name: bytes) -> bytes:
    """struct btrfs_ioctl_vol_args."""
    return struct.pack("=q4088s", 0, name)


def _perform(fd: int, name: str, number: int, argument: bytes) -> None:
    """A request that tells nothing, of any size: fcntl.ioctl copies no more than 1 KiB of bytes."""
    _refuse_other_encoding(name)
    with naming(name):
        fcntl.ioctl(fd, number, bytearray(argument))
