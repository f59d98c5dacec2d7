"""NFS 3 mounted nolock: locks hold on this host only."""

from pathlib import Path

from lab.bench import Bench

from ._nfs import NEEDS as NEEDS, nfs


def build(bench: Bench) -> Path:
    return nfs(bench, "3", options="nolock")
