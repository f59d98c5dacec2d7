"""Bindfs (FUSE) over ext4."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.ext4", "fs:ext4", "fs:fuse", "/dev/fuse", "setpriv", "bindfs")


def build(bench: Bench) -> Path:
    return bench.serve(bench.directory("merged"), "bindfs", "-f", bench.ext4())
