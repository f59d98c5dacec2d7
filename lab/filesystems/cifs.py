"""CIFS, SMB 3.1.1 of Samba."""

from pathlib import Path

from lab.bench import Bench

from . import _samba

NEEDS = _samba.NEEDS


def build(bench: Bench) -> Path:
    return _samba.cifs(bench, "vers=3.1.1")
