"""Ext4, an idmapped mount: who is 100000 on the disk is root here, and so on."""

import os
from pathlib import Path

from lab.bench import Bench

from ._idmapped import idmapped

NEEDS = ("mkfs.ext4", "fs:ext4")


def build(bench: Bench) -> Path:
    theirs = bench.ext4() / "theirs"  # beside lost+found, which is nobody's here
    theirs.mkdir()
    os.chown(theirs, 100000, 100000)
    return idmapped(theirs, bench.directory("idmapped"), "100000 0 65536")
