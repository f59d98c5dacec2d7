"""Ext4 as mkfs makes it."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.ext4", "fs:ext4")


def build(bench: Bench) -> Path:
    return bench.ext4()
