"""GFS2, of one node (lock_nolock)."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.gfs2", "fs:gfs2")


def build(bench: Bench) -> Path:
    image = bench.image("mkfs.gfs2 -q -O -p lock_nolock", 1 << 30)
    return bench.mount("gfs2", image, bench.directory("mnt"))
