"""Tmpfs, a directory that ignores case (Linux 6.13)."""

from pathlib import Path

from lab.bench import Bench

from ._ext4 import with_attribute

NEEDS = ("fs:tmpfs", "chattr", "/sys/fs/tmpfs/features/casefold")


def build(bench: Bench) -> Path:
    point = bench.mount("tmpfs", "tmpfs", bench.directory("mnt"), "size=1g,casefold")
    return with_attribute(point, "+F")
