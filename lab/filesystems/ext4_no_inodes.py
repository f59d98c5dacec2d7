"""Ext4 without a free inode; there is space."""

from pathlib import Path

from lab.bench import Bench

from ._limits import fill_inodes

NEEDS = ("mkfs.ext4", "fs:ext4")


def build(bench: Bench) -> Path:
    point = bench.ext4(mkfs="-N 16 -O ^has_journal", mib=4)
    fill_inodes(point)
    return point
