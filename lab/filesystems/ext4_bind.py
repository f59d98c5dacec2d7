"""Ext4, a directory of it bound elsewhere."""

from pathlib import Path

from lab.bench import Bench, run

NEEDS = ("mkfs.ext4", "fs:ext4")


def build(bench: Bench) -> Path:
    source = bench.ext4() / "source"
    source.mkdir()
    run("mount", "--bind", source, bench.directory("bound"))
    return bench.work / "bound"
