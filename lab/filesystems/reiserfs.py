"""ReiserFS, which Linux 6.13 dropped."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.reiserfs", "fs:reiserfs")


def build(bench: Bench) -> Path:
    image = bench.image("mkfs.reiserfs -q -f", 1 << 30)
    return bench.mount("reiserfs", image, bench.directory("mnt"))
