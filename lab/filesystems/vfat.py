"""VFAT: no owners, no modes, no links."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.vfat", "fs:vfat")


def build(bench: Bench) -> Path:
    image = bench.image("mkfs.vfat", 1 << 30)
    return bench.mount("vfat", image, bench.directory("mnt"))
