"""NFS 3, no_root_squash, of an ext4."""

from pathlib import Path

from lab.bench import Bench

from ._nfs import NEEDS as NEEDS, nfs


def build(bench: Bench) -> Path:
    return nfs(bench, "3")
