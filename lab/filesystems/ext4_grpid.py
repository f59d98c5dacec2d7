"""Ext4, mounted with grpid: what is made gets the group of its directory, not of its maker."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.ext4", "fs:ext4")


def build(bench: Bench) -> Path:
    return bench.ext4(options="loop,grpid")
