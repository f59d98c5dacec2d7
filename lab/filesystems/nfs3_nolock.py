"""NFS 3 mounted nolock: locks hold on this host only."""

from pathlib import Path

from lab.bench import Bench

from . import _nfs

NEEDS = _nfs.NEEDS


def build(bench: Bench) -> Path:
    return _nfs.nfs(bench, "3", options="nolock")
