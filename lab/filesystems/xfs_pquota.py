"""XFS that keeps project quotas."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.xfs", "fs:xfs", "CONFIG_XFS_QUOTA")


def build(bench: Bench) -> Path:
    return bench.xfs(options="loop,pquota")
