"""CIFS, SMB 1 with unix extensions."""

from pathlib import Path

from lab.bench import Bench

from ._samba import NEEDS as NEEDS, cifs


def build(bench: Bench) -> Path:
    return cifs(bench, "vers=1.0")
