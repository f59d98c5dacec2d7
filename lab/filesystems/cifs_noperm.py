"""CIFS, SMB 3.1.1, with mfsymlinks and noperm, as a NAS is often mounted."""

from pathlib import Path

from lab.bench import Bench

from . import _samba

NEEDS = _samba.NEEDS


def build(bench: Bench) -> Path:
    return _samba.cifs(bench, "vers=3.1.1,mfsymlinks,noperm,file_mode=0777,dir_mode=0777")
