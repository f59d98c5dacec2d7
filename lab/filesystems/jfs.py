"""JFS."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.jfs", "fs:jfs")


def build(bench: Bench) -> Path:
    image = bench.image("mkfs.jfs -q", 1 << 30)
    return bench.mount("jfs", image, bench.directory("mnt"))
