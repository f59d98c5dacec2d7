"""Ext4 whose directories do not say what an entry is (no d_type)."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.ext4", "fs:ext4")


def build(bench: Bench) -> Path:
    return bench.ext4(mkfs="-O ^filetype")
