"""Minix, version 3."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.minix", "fs:minix")


def build(bench: Bench) -> Path:
    image = bench.image("mkfs.minix -3", 1 << 30)
    return bench.mount("minix", image, bench.directory("mnt"))
