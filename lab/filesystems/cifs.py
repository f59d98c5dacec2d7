"""CIFS, SMB 3.1.1 of Samba."""

from pathlib import Path

from lab.bench import Bench

from ._samba import NEEDS as NEEDS, cifs


def build(bench: Bench) -> Path:
    return cifs(bench, "vers=3.1.1")
