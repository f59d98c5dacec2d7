"""Ext4 on a path with a colon, which separates overlay's lower directories."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.ext4", "fs:ext4")


def build(bench: Bench) -> Path:
    return bench.ext4("one:two")
