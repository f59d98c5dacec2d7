"""NFS 4.2 that makes everybody nobody."""

from pathlib import Path

from lab.bench import Bench

from . import _nfs

NEEDS = _nfs.NEEDS


def build(bench: Bench) -> Path:
    return _nfs.nfs(bench, "4.2", export="all_squash")
