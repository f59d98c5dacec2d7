"""OCFS2, of one node (local)."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.ocfs2", "fs:ocfs2")


def build(bench: Bench) -> Path:
    image = bench.image("mkfs.ocfs2 -q -M local", 1 << 30)
    return bench.mount("ocfs2", image, bench.directory("mnt"))
