"""Ext4 that can ignore case, a directory of it that does not."""

from pathlib import Path

from lab.bench import Bench

from . import ext4_casefold

NEEDS = ext4_casefold.NEEDS


def build(bench: Bench) -> Path:
    directory = bench.ext4(mkfs="-O casefold") / "directory"
    directory.mkdir()
    return directory
