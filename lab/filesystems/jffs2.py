"""JFFS2, on flash memory that is none."""

from pathlib import Path

from lab.bench import Bench, run

NEEDS = ("fs:jffs2", "module:mtdram", "module:mtdblock")


def build(bench: Bench) -> Path:
    run("rmmod", "mtdram")
    run("modprobe", "mtdram", "total_size=262144", "erase_size=128")  # KiB
    return bench.mount("jffs2", "mtd0", bench.directory("mnt"), "rw")
