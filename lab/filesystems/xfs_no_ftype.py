"""XFS whose directories do not say what an entry is (ftype=0); only the old format can."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.xfs", "fs:xfs", "CONFIG_XFS_SUPPORT_V4")


def build(bench: Bench) -> Path:
    return bench.xfs(mkfs="-m crc=0 -n ftype=0")
