"""FUSE with files and directories and little else: no attributes, no rename flags."""

from pathlib import Path

from lab.bench import Bench
from lab.silent_fuse import memory_fuse

NEEDS = ("fs:fuse", "/dev/fuse")


def build(bench: Bench) -> Path:
    return bench.exits.enter_context(memory_fuse(bench.directory("mnt"))).mountpoint
