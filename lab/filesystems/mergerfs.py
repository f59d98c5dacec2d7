"""Mergerfs (FUSE) over two directories of an ext4."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.ext4", "fs:ext4", "fs:fuse", "/dev/fuse", "setpriv", "mergerfs")


def build(bench: Bench) -> Path:
    point = bench.ext4()
    for name in ("one", "two"):
        (point / name).mkdir()
    branches = f"{point}/one:{point}/two"
    # Its default keeps 4 GB free, more than there is.
    options = "minfreespace=0,allow_other"
    return bench.serve(bench.directory("merged"), "mergerfs", "-f", "-o", options, branches)
