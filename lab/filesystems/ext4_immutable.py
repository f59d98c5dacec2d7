"""Ext4, an immutable directory: EPERM for root too, though the mount is writable."""

from pathlib import Path

from lab.bench import Bench

from ._ext4 import with_attribute

NEEDS = ("mkfs.ext4", "fs:ext4", "chattr")


def build(bench: Bench) -> Path:
    return with_attribute(bench.ext4(), "+i")
