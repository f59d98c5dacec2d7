"""XFS without reflinks."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.xfs", "fs:xfs")


def build(bench: Bench) -> Path:
    return bench.xfs(mkfs="-m reflink=0")
