"""Btrfs mounted with noexec."""

from pathlib import Path

from lab.bench import Bench, run

NEEDS = ("mkfs.btrfs", "fs:btrfs")


def build(bench: Bench) -> Path:
    point = bench.btrfs()
    run("mount", "-o", "remount,noexec", point)
    return point
