"""Ext4 on a path with newline, space, tab, backslash, quotes and a byte that is not UTF-8."""

import os
from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.ext4", "fs:ext4")


def build(bench: Bench) -> Path:
    return bench.ext4(os.fsdecode(b"a\nb c\td\\e\"f'g\xff"))
