"""Ext4 by a path that is not UTF-8, and else plain."""

import os
from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.ext4", "fs:ext4")


def build(bench: Bench) -> Path:
    directory = bench.ext4() / os.fsdecode(b"caf\xe9")
    directory.mkdir()
    return directory
