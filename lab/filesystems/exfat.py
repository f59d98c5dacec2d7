"""ExFAT: no owners, no modes, no links."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.exfat", "fs:exfat")


def build(bench: Bench) -> Path:
    image = bench.image("mkfs.exfat", 1 << 30)
    return bench.mount("exfat", image, bench.directory("mnt"))
