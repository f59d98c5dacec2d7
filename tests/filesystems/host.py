"""The file systems that the host kernel can give, each a context manager over a real one.

``FILESYSTEMS["ext4-full"](work)`` makes the file system below the empty directory `work`,
yields the directory to probe, and afterwards leaves `work` as empty as it was.
Adding a file system is adding one function.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from typing import TYPE_CHECKING

from .bench import FILESYSTEMS, Bench, FileSystem, filesystem, missing, run
from .silent_fuse import memory_fuse

if TYPE_CHECKING:
    from io import FileIO
    from pathlib import Path

__all__ = ["FILESYSTEMS", "FileSystem", "missing"]

MIB = 1 << 20

# ext4 as it comes, with something missing, mounted otherwise


@filesystem("mkfs.ext4", "fs:ext4")
def ext4(bench: Bench) -> Path:
    """Ext4 as mkfs makes it."""
    return bench.ext4()


@filesystem("mkfs.ext2", "fs:ext2")
def ext2(bench: Bench) -> Path:
    """Ext2, so without a journal; the kernel's ext4 may serve it."""
    image = bench.image("mkfs.ext2 -q -b 4096", 64 * MIB)
    return bench.mount("ext2", image, bench.directory("mnt"))


@filesystem("mkfs.ext4", "fs:ext4")
def ext4_no_filetype(bench: Bench) -> Path:
    """Ext4 whose directories do not say what an entry is (no d_type)."""
    return bench.ext4(mkfs="-O ^filetype")


@filesystem("mkfs.ext4", "fs:ext4")
def ext4_read_only(bench: Bench) -> Path:
    """Ext4 mounted read-only."""
    return bench.ext4(options="loop,ro")


@filesystem("mkfs.ext4", "fs:ext4")
def ext4_noexec(bench: Bench) -> Path:
    """Ext4 mounted noexec: no program starts from it."""
    return bench.ext4(options="loop,noexec")


@filesystem("mkfs.ext4", "fs:ext4")
def ext4_nodev(bench: Bench) -> Path:
    """Ext4 mounted nodev: device files can be made but not opened."""
    return bench.ext4(options="loop,nodev")


@filesystem("mkfs.ext4", "fs:ext4")
def ext4_nosuid(bench: Bench) -> Path:
    """Ext4 mounted nosuid: set-user-ID and file capabilities have no effect."""
    return bench.ext4(options="loop,nosuid")


@filesystem("mkfs.ext4", "fs:ext4")
def ext4_unbindable(bench: Bench) -> Path:
    """Ext4 on an unbindable mount: overlay cannot clone it as a layer."""
    point = bench.ext4()
    run("mount", "--make-unbindable", point)
    return point


@filesystem("mkfs.ext4", "fs:ext4")
def ext4_shut_down(bench: Bench) -> Path:
    """Ext4 that has shut down, as after a failed disk: EIO for everything."""
    point = bench.ext4()
    directory = os.open(point, os.O_RDONLY)
    try:
        fs_ioc_shutdown, no_log_flush = 0x8004587D, 2
        fcntl.ioctl(directory, fs_ioc_shutdown, struct.pack("I", no_log_flush))
    finally:
        os.close(directory)
    return point


# ext4 at a limit


@filesystem("mkfs.ext4", "fs:ext4")
def ext4_full(bench: Bench) -> Path:
    """Ext4 without a free block, for root too."""
    point = bench.ext4(mkfs="-m 0 -O ^has_journal", mib=4)
    _fill_blocks(point)
    return point


@filesystem("mkfs.ext4", "fs:ext4")
def ext4_no_inodes(bench: Bench) -> Path:
    """Ext4 without a free inode; there is space."""
    point = bench.ext4(mkfs="-N 16 -O ^has_journal", mib=4)
    _fill_inodes(point)
    return point


@filesystem("mkfs.ext4", "fs:ext4", "setquota", "CONFIG_QFMT_V2")
def ext4_over_quota(bench: Bench) -> Path:
    """Ext4, a directory at its project's limit; ext4 holds everybody to it but root."""
    point = bench.ext4(mkfs="-O quota,project -E quotatype=prjquota", options="loop,prjquota")
    directory = point / "project"
    directory.mkdir()
    directory.chmod(0o777)
    run("chattr", "+P", "-p", "42", directory)
    run("setquota", "-P", "42", "0", "1024", "0", "0", point)
    # Root may pass the limit, and whoever comes next finds it passed.
    (directory / "filler").write_bytes(bytes(2 * MIB))
    run("sync", "-f", directory)
    return directory


@filesystem("mkfs.ext4", "fs:ext4", "CONFIG_QFMT_V2")
def ext4_project_quota(bench: Bench) -> Path:
    """Ext4 that keeps project quotas."""
    return bench.ext4(mkfs="-O quota,project -E quotatype=prjquota", options="loop,prjquota")


# ext4, a directory with an attribute


@filesystem("mkfs.ext4", "fs:ext4", "chattr")
def ext4_immutable(bench: Bench) -> Path:
    """Ext4, an immutable directory: EPERM for root too, though the mount is writable."""
    return _with_attribute(bench.ext4(), "+i")


@filesystem("mkfs.ext4", "fs:ext4", "chattr")
def ext4_append_only(bench: Bench) -> Path:
    """Ext4, an append-only directory: what is made in it cannot be removed or renamed."""
    return _with_attribute(bench.ext4(), "+a")


@filesystem("mkfs.ext4", "fs:ext4", "chattr", "/sys/fs/ext4/features/casefold")
def ext4_casefold(bench: Bench) -> Path:
    """Ext4, a directory that ignores case."""
    return _with_attribute(bench.ext4(mkfs="-O casefold"), "+F")


def _with_attribute(point: Path, attribute: str) -> Path:
    directory = point / "directory"
    directory.mkdir()
    run("chattr", attribute, directory)
    return directory


# ext4 on a path that is not plain


@filesystem("mkfs.ext4", "fs:ext4")
def ext4_bind(bench: Bench) -> Path:
    """Ext4, a directory of it bound elsewhere."""
    source = bench.ext4() / "source"
    source.mkdir()
    run("mount", "--bind", source, bench.directory("bound"))
    return bench.work / "bound"


@filesystem("mkfs.ext4", "fs:ext4", "fs:tmpfs")
def ext4_over_tmpfs(bench: Bench) -> Path:
    """Ext4 mounted on the root of a tmpfs: two mounts with one mount point."""
    bench.mount("tmpfs", "tmpfs", bench.directory("mnt"), "rw")
    return bench.ext4()


@filesystem("mkfs.ext4", "fs:ext4")
def ext4_symlink(bench: Bench) -> Path:
    """Ext4 behind two symbolic links, one of them relative."""
    (bench.work / "second").symlink_to(bench.ext4())
    (bench.work / "first").symlink_to("second")
    return bench.work / "first"


@filesystem("mkfs.ext4", "fs:ext4")
def ext4_colon(bench: Bench) -> Path:
    """Ext4 on a path with a colon, which separates overlay's lower directories."""
    return bench.ext4("one:two")


@filesystem("mkfs.ext4", "fs:ext4")
def ext4_comma(bench: Bench) -> Path:
    """Ext4 on a path with a comma, which separates mount options."""
    return bench.ext4("one,two")


@filesystem("mkfs.ext4", "fs:ext4")
def ext4_odd_name(bench: Bench) -> Path:
    r"""Ext4 on a path with newline, space, tab, backslash, quotes and a byte that is not UTF-8."""
    return bench.ext4(os.fsdecode(b"a\nb c\td\\e\"f'g\xff"))


@filesystem("mkfs.ext4", "fs:ext4")
def ext4_long_path(bench: Bench) -> Path:
    """Ext4, a path so long that two of them are too much for one page of mount options."""
    directory = bench.ext4().joinpath(*["x" * 200] * 11)
    directory.mkdir(parents=True)
    return directory


# xfs


@filesystem("mkfs.xfs", "fs:xfs")
def xfs(bench: Bench) -> Path:
    """XFS as mkfs makes it."""
    return _xfs(bench, "", "loop")


@filesystem("mkfs.xfs", "fs:xfs")
def xfs_no_reflink(bench: Bench) -> Path:
    """XFS without reflinks."""
    return _xfs(bench, "-m reflink=0", "loop")


@filesystem("mkfs.xfs", "fs:xfs", "CONFIG_XFS_SUPPORT_V4")
def xfs_no_ftype(bench: Bench) -> Path:
    """XFS whose directories do not say what an entry is (ftype=0); only the old format can."""
    return _xfs(bench, "-m crc=0 -n ftype=0", "loop")


@filesystem("mkfs.xfs", "fs:xfs", "CONFIG_XFS_QUOTA")
def xfs_pquota(bench: Bench) -> Path:
    """XFS that keeps project quotas."""
    return _xfs(bench, "", "loop,pquota")


@filesystem("mkfs.xfs", "fs:xfs", "xfs_quota", "CONFIG_XFS_QUOTA")
def xfs_over_quota(bench: Bench) -> Path:
    """XFS, a directory at its project's limit: ENOSPC, for root too."""
    point = _xfs(bench, "", "loop,pquota")
    directory = point / "project"
    directory.mkdir()
    for command in (f"project -s -p {directory} 42", "limit -p bhard=1m 42"):
        run("xfs_quota", "-x", "-c", command, point)
    _fill_blocks(directory)
    return directory


def _xfs(bench: Bench, mkfs: str, options: str) -> Path:
    image = bench.image(f"mkfs.xfs -q {mkfs}", 300 * MIB)  # mkfs.xfs makes none smaller
    return bench.mount("xfs", image, bench.directory("mnt"), options)


# btrfs


@filesystem("mkfs.btrfs", "fs:btrfs")
def btrfs(bench: Bench) -> Path:
    """Btrfs as mkfs makes it."""
    return _btrfs(bench)


@filesystem("mkfs.btrfs", "fs:btrfs", "btrfs")
def btrfs_read_only_subvolume(bench: Bench) -> Path:
    """Btrfs, a read-only subvolume in a writable mount."""
    subvolume = _btrfs(bench) / "subvolume"
    run("btrfs", "subvolume", "create", subvolume)
    run("btrfs", "property", "set", "-ts", subvolume, "ro", "true")
    return subvolume


@filesystem("mkfs.btrfs", "fs:btrfs", "btrfs")
def btrfs_over_quota(bench: Bench) -> Path:
    """Btrfs, a subvolume at the limit of its quota group: EDQUOT, for root too."""
    point = _btrfs(bench)
    subvolume = point / "subvolume"
    run("btrfs", "quota", "enable", point)
    run("btrfs", "subvolume", "create", subvolume)
    run("btrfs", "qgroup", "limit", "1M", subvolume)
    _fill_blocks(subvolume)
    return subvolume


def _btrfs(bench: Bench) -> Path:
    image = bench.image("mkfs.btrfs -q", 128 * MIB)  # mkfs.btrfs makes none below 109 MiB
    return bench.mount("btrfs", image, bench.directory("mnt"))


# in memory


@filesystem("fs:tmpfs")
def tmpfs(bench: Bench) -> Path:
    """Tmpfs."""
    return bench.mount("tmpfs", "tmpfs", bench.directory("mnt"), "size=64m")


@filesystem("fs:tmpfs")
def tmpfs_no_inodes(bench: Bench) -> Path:
    """Tmpfs without a free inode: not even a directory can be made."""
    return bench.mount("tmpfs", "tmpfs", bench.directory("mnt"), "nr_inodes=1")


@filesystem("fs:ramfs")
def ramfs(bench: Bench) -> Path:
    """Ramfs: no extended attributes, no RENAME_WHITEOUT."""
    return bench.mount("ramfs", "ramfs", bench.directory("mnt"), "rw")


@filesystem("fs:hugetlbfs")
def hugetlbfs(bench: Bench) -> Path:
    """Hugetlbfs: files can be made but not written."""
    return bench.mount("hugetlbfs", "hugetlbfs", bench.directory("mnt"), "rw")


# read-only by nature


@filesystem("mksquashfs", "/dev/loop-control", "fs:squashfs")
def squashfs(bench: Bench) -> Path:
    """Squashfs."""
    run("mksquashfs", _small_tree(bench), bench.work / "image", "-quiet")
    return bench.mount("squashfs", bench.work / "image", bench.directory("mnt"))


@filesystem("mkfs.erofs", "fs:erofs")
def erofs(bench: Bench) -> Path:
    """EROFS."""
    run("mkfs.erofs", bench.work / "image", _small_tree(bench))
    return bench.mount("erofs", bench.work / "image", bench.directory("mnt"))


def _small_tree(bench: Bench) -> Path:
    tree = bench.directory("tree")
    (tree / "directory").mkdir()
    (tree / "file").write_text("content\n")
    return tree


# on top of others


@filesystem("mkfs.ext4", "fs:ext4", "fs:overlay")
def overlay(bench: Bench) -> Path:
    """Overlay on ext4, as inside a container."""
    options = _overlay_layers(bench.ext4())
    return bench.mount("overlay", "overlay", bench.directory("merged"), options)


@filesystem("mkfs.ext4", "fs:ext4", "fs:fuse", "/dev/fuse", "setpriv", "fuse-overlayfs")
def fuse_overlayfs(bench: Bench) -> Path:
    """Fuse-overlayfs on ext4, as inside an older rootless container."""
    options = _overlay_layers(bench.ext4())
    return bench.serve(bench.directory("merged"), "fuse-overlayfs", "-f", "-o", options)


def _overlay_layers(point: Path) -> str:
    for name in ("lower", "upper", "work"):
        (point / name).mkdir()
    return f"lowerdir={point}/lower,upperdir={point}/upper,workdir={point}/work"


@filesystem("mkfs.ext4", "fs:ext4", "fs:fuse", "/dev/fuse", "setpriv", "bindfs")
def bindfs(bench: Bench) -> Path:
    """Bindfs (FUSE) over ext4."""
    return bench.serve(bench.directory("merged"), "bindfs", "-f", bench.ext4())


@filesystem("mkfs.ext4", "fs:ext4", "fs:fuse", "/dev/fuse", "setpriv", "mergerfs")
def mergerfs(bench: Bench) -> Path:
    """Mergerfs (FUSE) over two directories of an ext4."""
    point = bench.ext4()
    for name in ("one", "two"):
        (point / name).mkdir()
    branches = f"{point}/one:{point}/two"
    # Its default keeps 4 GB free, more than there is.
    options = "minfreespace=0"
    return bench.serve(bench.directory("merged"), "mergerfs", "-f", "-o", options, branches)


@filesystem("fs:fuse", "/dev/fuse")
def fuse_plain(bench: Bench) -> Path:
    """FUSE with files and directories and little else: no attributes, no rename flags."""
    return bench.exits.enter_context(memory_fuse(bench.directory("mnt"))).mountpoint


@filesystem("fs:fuse", "/dev/fuse")
def fuse_dead(bench: Bench) -> Path:
    """FUSE whose server has died: ENOTCONN for everything."""
    server = bench.exits.enter_context(memory_fuse(bench.directory("mnt")))
    server.die()
    return server.mountpoint


def _fill_blocks(directory: Path) -> None:
    """Take every block to be had: large pieces first, single blocks last."""
    with (directory / "filler").open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 16, 1 << 12):
            _append_until_full(file, size)


def _append_until_full(file: FileIO, size: int) -> None:
    try:
        while file.write(bytes(size)):
            os.fsync(file)  # or the blocks are promised only, not taken
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise


def _fill_inodes(directory: Path) -> None:
    """Take every free inode."""
    number = 0
    try:
        while True:
            (directory / f"filler-{number}").touch()
            number += 1
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
