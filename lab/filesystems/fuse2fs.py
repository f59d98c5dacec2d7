"""Ext4 by fuse2fs (FUSE), as on a kernel without ext4."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.ext4", "fs:fuse", "/dev/fuse", "setpriv", "fuse2fs")


def build(bench: Bench) -> Path:
    image = bench.image("mkfs.ext4 -q -b 4096", 1 << 30)
    command = ("fuse2fs", "-f", "-o", "fakeroot,allow_other", image)
    return bench.serve(bench.directory("mnt"), *command)
