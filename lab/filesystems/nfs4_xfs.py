"""NFS 4.2, no_root_squash, of an XFS."""

from pathlib import Path

from lab.bench import Bench

from . import _nfs

NEEDS = (*_nfs.NEEDS, "mkfs.xfs", "fs:xfs")


def build(bench: Bench) -> Path:
    return _nfs.nfs(bench, "4.2", disk=lambda bench, name: bench.xfs(name))
