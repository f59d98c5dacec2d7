"""NFS 3, no_root_squash, of an ext4."""

from pathlib import Path

from lab.bench import Bench

from . import _nfs

NEEDS = _nfs.NEEDS


def build(bench: Bench) -> Path:
    return _nfs.nfs(bench, "3")
