"""Ext4, an idmapped mount: who is 100000 on the disk is root here, and so on."""

import os
from pathlib import Path

from lab.bench import Bench

from ._idmapped import idmapped

NEEDS = ("mkfs.ext4", "fs:ext4")


def build(bench: Bench) -> Path:
    point = bench.ext4()
    os.chown(point, 100000, 100000)
    return idmapped(point, bench.directory("idmapped"), "100000 0 65536")
