"""XFS, a directory at its project's limit: ENOSPC, for root too."""

from pathlib import Path

from lab.bench import Bench, run

from ._limits import fill_blocks

NEEDS = ("mkfs.xfs", "fs:xfs", "xfs_quota", "CONFIG_XFS_QUOTA")


def build(bench: Bench) -> Path:
    point = bench.xfs(options="loop,pquota")
    directory = point / "project"
    directory.mkdir()
    for command in (f"project -s -p {directory} 42", "limit -p bhard=1m 42"):
        run("xfs_quota", "-x", "-c", command, point)
    fill_blocks(directory)
    return directory
