"""Squashfs."""

from pathlib import Path

from lab.bench import Bench, run

from ._trees import small_tree

NEEDS = ("mksquashfs", "/dev/loop-control", "fs:squashfs")


def build(bench: Bench) -> Path:
    run("mksquashfs", small_tree(bench), bench.work / "image", "-quiet")
    return bench.mount("squashfs", bench.work / "image", bench.directory("mnt"))
