"""NTFS by the kernel's ntfs3."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.ntfs", "fs:ntfs3")


def build(bench: Bench) -> Path:
    image = bench.image("mkfs.ntfs -q -F -Q", 1 << 30)
    return bench.mount("ntfs3", image, bench.directory("mnt"))
