"""FUSE whose server takes no more than 16 KiB of a directory at a time, as davfs2."""

from pathlib import Path

from lab.bench import Bench
from lab.silent_fuse import memory_fuse

NEEDS = ("fs:fuse", "/dev/fuse")


def build(bench: Bench) -> Path:
    server = memory_fuse(bench.directory("mnt"), lies=("list-small",))
    return bench.exits.enter_context(server).mountpoint
