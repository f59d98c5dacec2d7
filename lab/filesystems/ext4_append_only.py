"""Ext4, an append-only directory: what is made in it cannot be removed or renamed."""

from pathlib import Path

from lab.bench import Bench

from ._ext4 import with_attribute

NEEDS = ("mkfs.ext4", "fs:ext4", "chattr")


def build(bench: Bench) -> Path:
    return with_attribute(bench.ext4(), "+a")
