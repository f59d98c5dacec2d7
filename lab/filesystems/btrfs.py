"""Btrfs as mkfs makes it."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.btrfs", "fs:btrfs")


def build(bench: Bench) -> Path:
    return bench.btrfs()
