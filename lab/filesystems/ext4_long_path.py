"""Ext4, a path so long that two of them are too much for one page of mount options."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.ext4", "fs:ext4")


def build(bench: Bench) -> Path:
    directory = bench.ext4().joinpath(*["x" * 200] * 11)
    directory.mkdir(parents=True)
    return directory
