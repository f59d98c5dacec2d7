"""Ext4 without a free block, for root too."""

from pathlib import Path

from lab.bench import Bench

from ._limits import fill_blocks

NEEDS = ("mkfs.ext4", "fs:ext4")


def build(bench: Bench) -> Path:
    point = bench.ext4(mkfs="-m 0 -O ^has_journal", mib=4)
    fill_blocks(point)
    return point
