"""Unionfs-fuse (FUSE): copies on write, over two directories of an ext4."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.ext4", "fs:ext4", "fs:fuse", "/dev/fuse", "setpriv", "unionfs-fuse")


def build(bench: Bench) -> Path:
    point = bench.ext4()
    for name in ("upper", "lower"):
        (point / name).mkdir()
    branches = f"{point}/upper=RW:{point}/lower=RO"
    command = ("unionfs-fuse", "-f", "-o", "cow,allow_other", branches)
    return bench.serve(bench.directory("merged"), *command)
