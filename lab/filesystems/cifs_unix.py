"""CIFS, SMB 1 with unix extensions."""

from pathlib import Path

from lab.bench import Bench

from . import _samba

NEEDS = _samba.NEEDS


def build(bench: Bench) -> Path:
    return _samba.cifs(bench, "vers=1.0")
