"""EROFS."""

from pathlib import Path

from lab.bench import Bench, run

from ._trees import small_tree

NEEDS = ("mkfs.erofs", "fs:erofs")


def build(bench: Bench) -> Path:
    run("mkfs.erofs", bench.work / "image", small_tree(bench))
    return bench.mount("erofs", bench.work / "image", bench.directory("mnt"))
