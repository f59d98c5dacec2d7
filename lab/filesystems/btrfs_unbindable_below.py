"""A directory below the top of a btrfs whose mount is unbindable."""

from pathlib import Path

from lab.bench import Bench, run

NEEDS = ("mkfs.btrfs", "fs:btrfs")


def build(bench: Bench) -> Path:
    point = bench.btrfs()
    run("mount", "--make-unbindable", point)
    (point / "below").mkdir()
    return point / "below"
