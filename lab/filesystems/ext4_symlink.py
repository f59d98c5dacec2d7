"""Ext4 behind two symbolic links, one of them relative."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.ext4", "fs:ext4")


def build(bench: Bench) -> Path:
    (bench.work / "second").symlink_to(bench.ext4())
    (bench.work / "first").symlink_to("second")
    return bench.work / "first"
