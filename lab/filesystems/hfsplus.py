"""HFS+, without a journal."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.hfsplus", "fs:hfsplus")


def build(bench: Bench) -> Path:
    image = bench.image("mkfs.hfsplus", 1 << 30)
    return bench.mount("hfsplus", image, bench.directory("mnt"))
