"""Ext4 mounted nosuid: set-user-ID and file capabilities have no effect."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.ext4", "fs:ext4")


def build(bench: Bench) -> Path:
    return bench.ext4(options="loop,nosuid")
