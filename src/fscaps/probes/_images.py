"""Two tiny file systems, made here because no mkfs need be installed.

Written by the formats' own headers: fs/ext4/ext4.h and fs/erofs/erofs_fs.h. Both have 4 KiB blocks,
since a loop device may have sectors as long as that.
"""

from __future__ import annotations

import stat
import struct

BLOCK = 4096
CONTENT = b"fscaps\n"
EROFS_FILE = "file"

_EXT4_BLOCKS = 256
_INODES, _INODE_SIZE = 64, 256
_FIRST_INODE = 11  # EXT4_GOOD_OLD_FIRST_INO
_ROOT_INODE = 2  # EXT4_ROOT_INO
_BITMAP, _INODE_BITMAP, _TABLE = 2, 3, 4
_ROOT_BLOCK = _TABLE + _INODES * _INODE_SIZE // BLOCK
_USED = _ROOT_BLOCK + 1


def ext4() -> bytes:
    """An empty ext4 of 1 MiB without a journal, as of ``mkfs.ext4 -O none,filetype``."""
    image = bytearray(_EXT4_BLOCKS * BLOCK)
    image[1024:2048] = _ext4_super()
    free = (_EXT4_BLOCKS - _USED, _INODES - _FIRST_INODE + 1, 1)  # blocks, inodes; directories used
    struct.pack_into("<3I3H", image, BLOCK, _BITMAP, _INODE_BITMAP, _TABLE, *free)
    _mark(image, _BITMAP, _USED, _EXT4_BLOCKS)
    _mark(image, _INODE_BITMAP, _FIRST_INODE - 1, _INODES)
    # struct ext4_inode: mode, uid, size, four times, gid, links, blocks of 512 bytes, flags, …
    root = struct.pack("<2H5I2H3I", stat.S_IFDIR | 0o755, 0, BLOCK, 0, 0, 0, 0, 0, 2, 8, 0, 0)
    at = _TABLE * BLOCK + (_ROOT_INODE - 1) * _INODE_SIZE
    image[at : at + len(root)] = root
    struct.pack_into("<I", image, at + 40, _ROOT_BLOCK)
    struct.pack_into("<H", image, at + 128, 32)  # i_extra_isize; attributes begin behind it
    entries = struct.pack("<I H2B 4s", 2, 12, 1, 2, b".") + struct.pack(
        "<I H2B 4s", 2, BLOCK - 12, 2, 2, b".."
    )
    image[_ROOT_BLOCK * BLOCK : _ROOT_BLOCK * BLOCK + len(entries)] = entries
    return bytes(image)


def _ext4_super() -> bytes:
    """struct ext4_super_block."""
    counts = (_INODES, _EXT4_BLOCKS, 0, _EXT4_BLOCKS - _USED, _INODES - _FIRST_INODE + 1, 0)
    sizes = (2, 2, 8 * BLOCK, 8 * BLOCK, _INODES)  # 1024 << 2 bytes; blocks and inodes of a group
    state = (0, 0xFFFF, 0xEF53, 1, 1, 0)  # mounts, their limit, magic, clean, go on, minor revision
    dynamic = (_FIRST_INODE, _INODE_SIZE, 0, 0, 2, 0)  # the last three: features, of which FILETYPE
    packed = struct.pack("<6I", *counts) + struct.pack("<5I", *sizes)
    packed += struct.pack("<2I6H", 0, 0, *state) + struct.pack("<4I2H", 0, 0, 0, 1, 0, 0)
    packed += struct.pack("<I2H3I", *dynamic)
    return packed.ljust(1024, b"\0")


def _mark(image: bytearray, block: int, used: int, there: int) -> None:
    """A bitmap: the first ones used, those after the last one too."""
    bits = (1 << used) - 1 | ~((1 << there) - 1) & ((1 << 8 * BLOCK) - 1)
    image[block * BLOCK : (block + 1) * BLOCK] = bits.to_bytes(BLOCK, "little")


def erofs() -> bytes:
    """An EROFS that holds one file, EROFS_FILE with CONTENT."""
    image = bytearray(16 * BLOCK)
    root, file = 36, 40  # numbers of 32-byte slots, counted from the start
    names = (b".", b"..", EROFS_FILE.encode())
    listing = _erofs_directory(names, (root, root, file), (2, 2, 1))
    directory = _erofs_inode(stat.S_IFDIR | 0o755, 2, len(listing), 1) + listing
    regular = _erofs_inode(stat.S_IFREG | 0o644, 1, len(CONTENT), 2) + CONTENT
    # struct erofs_super_block: magic, checksum, features, log2 of a block, slots, root, inodes, …
    head = struct.pack("<3I2BHQ", 0xE0F5E1E2, 0, 0, 12, 0, root, 2)
    for at, what in ((1024, head), (root * 32, directory), (file * 32, regular)):
        image[at : at + len(what)] = what
    struct.pack_into("<2I", image, 1024 + 36, 1, 0)  # blocks, metadata from block 0
    return bytes(image)


def _erofs_inode(mode: int, links: int, size: int, number: int) -> bytes:
    """struct erofs_inode_compact, of a file whose content follows it (EROFS_INODE_FLAT_INLINE)."""
    return struct.pack("<4H4I2HI", 2 << 1, 0, mode, links, size, 0, 0xFFFFFFFF, number, 0, 0, 0)


def _erofs_directory(
    names: tuple[bytes, ...], inodes: tuple[int, ...], kinds: tuple[int, ...]
) -> bytes:
    """struct erofs_dirent for each, then the names."""
    entries, at = b"", 12 * len(names)
    for name, inode, kind in zip(names, inodes, kinds):
        entries += struct.pack("<QH2B", inode, at, kind, 0)
        at += len(name)
    return entries + b"".join(names)
