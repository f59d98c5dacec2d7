"""Ext4 mounted nodev: device files can be made but not opened."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.ext4", "fs:ext4")


def build(bench: Bench) -> Path:
    return bench.ext4(options="loop,nodev")
