"""UDF, as on a USB stick that every system reads."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.udf", "fs:udf")


def build(bench: Bench) -> Path:
    image = bench.image("mkfs.udf --media-type=hd --blocksize=512", 1 << 30)
    return bench.mount("udf", image, bench.directory("mnt"))
