"""Mhddfs (FUSE) over two directories of an ext4."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.ext4", "fs:ext4", "fs:fuse", "/dev/fuse", "setpriv", "mhddfs")


def build(bench: Bench) -> Path:
    point = bench.ext4()
    for name in ("one", "two"):
        (point / name).mkdir()
    # Its default leaves a directory that has less than 4 GB.
    options = "mlimit=100M,allow_other"
    command = ("mhddfs", "-f", "-o", options, f"{point}/one,{point}/two")
    return bench.serve(bench.directory("merged"), *command)
