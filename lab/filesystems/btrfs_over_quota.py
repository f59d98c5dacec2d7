"""Btrfs, a subvolume at the limit of its quota group: EDQUOT, for root too."""

from pathlib import Path

from lab.bench import Bench, run

from ._limits import fill_blocks

NEEDS = ("mkfs.btrfs", "fs:btrfs", "btrfs")


def build(bench: Bench) -> Path:
    point = bench.btrfs()
    subvolume = point / "subvolume"
    run("btrfs", "quota", "enable", point)
    run("btrfs", "subvolume", "create", subvolume)
    run("btrfs", "qgroup", "limit", "1M", subvolume)
    fill_blocks(subvolume)
    return subvolume
