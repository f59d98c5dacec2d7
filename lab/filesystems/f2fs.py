"""F2FS."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.f2fs", "fs:f2fs")


def build(bench: Bench) -> Path:
    image = bench.image("mkfs.f2fs -q", 1 << 30)
    return bench.mount("f2fs", image, bench.directory("mnt"))
