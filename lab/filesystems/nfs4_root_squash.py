"""NFS 4.2 that makes root nobody."""

from pathlib import Path

from lab.bench import Bench

from ._nfs import NEEDS as NEEDS, nfs


def build(bench: Bench) -> Path:
    return nfs(bench, "4.2", export="root_squash")
