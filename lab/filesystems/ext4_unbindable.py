"""Ext4 on an unbindable mount: overlay cannot clone it as a layer."""

from pathlib import Path

from lab.bench import Bench, run

NEEDS = ("mkfs.ext4", "fs:ext4")


def build(bench: Bench) -> Path:
    point = bench.ext4()
    run("mount", "--make-unbindable", point)
    return point
