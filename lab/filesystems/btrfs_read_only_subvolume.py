"""Btrfs, a read-only subvolume in a writable mount."""

from pathlib import Path

from lab.bench import Bench, run

NEEDS = ("mkfs.btrfs", "fs:btrfs", "btrfs")


def build(bench: Bench) -> Path:
    subvolume = bench.btrfs() / "subvolume"
    run("btrfs", "subvolume", "create", subvolume)
    run("btrfs", "property", "set", "-ts", subvolume, "ro", "true")
    return subvolume
