"""Ext4, a directory that ignores case."""

from pathlib import Path

from lab.bench import Bench

from ._ext4 import with_attribute

NEEDS = ("mkfs.ext4", "fs:ext4", "chattr", "/sys/fs/ext4/features/casefold")


def build(bench: Bench) -> Path:
    return with_attribute(bench.ext4(mkfs="-O casefold"), "+F")
