"""Ext3; the kernel's ext4 may serve it."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.ext3", "fs:ext3")


def build(bench: Bench) -> Path:
    image = bench.image("mkfs.ext3 -q -b 4096", 1 << 30)
    return bench.mount("ext3", image, bench.directory("mnt"))
