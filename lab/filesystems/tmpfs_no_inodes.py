"""Tmpfs without a free inode: not even a directory can be made."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("fs:tmpfs",)


def build(bench: Bench) -> Path:
    return bench.mount("tmpfs", "tmpfs", bench.directory("mnt"), "nr_inodes=1")
