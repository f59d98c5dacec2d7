"""Ramfs: no extended attributes, no RENAME_WHITEOUT."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("fs:ramfs",)


def build(bench: Bench) -> Path:
    return bench.mount("ramfs", "ramfs", bench.directory("mnt"), "rw")
