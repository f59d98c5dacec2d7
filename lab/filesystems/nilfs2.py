"""NILFS2."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.nilfs2", "fs:nilfs2")


def build(bench: Bench) -> Path:
    image = bench.image("mkfs.nilfs2 -q", 1 << 30)
    return bench.mount("nilfs2", image, bench.directory("mnt"), "loop,nobarrier")
