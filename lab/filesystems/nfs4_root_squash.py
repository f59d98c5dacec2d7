"""NFS 4.2 that makes root nobody."""

from pathlib import Path

from lab.bench import Bench

from . import _nfs

NEEDS = _nfs.NEEDS


def build(bench: Bench) -> Path:
    return _nfs.nfs(bench, "4.2", export="root_squash")
