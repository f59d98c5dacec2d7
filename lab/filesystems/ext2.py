"""Ext2, so without a journal; the kernel's ext4 may serve it."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.ext2", "fs:ext2")


def build(bench: Bench) -> Path:
    image = bench.image("mkfs.ext2 -q -b 4096", 1 << 30)
    return bench.mount("ext2", image, bench.directory("mnt"))
