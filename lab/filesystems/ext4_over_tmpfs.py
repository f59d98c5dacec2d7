"""Ext4 mounted on the root of a tmpfs: two mounts with one mount point."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.ext4", "fs:ext4", "fs:tmpfs")


def build(bench: Bench) -> Path:
    bench.mount("tmpfs", "tmpfs", bench.directory("mnt"), "rw")
    return bench.ext4()
