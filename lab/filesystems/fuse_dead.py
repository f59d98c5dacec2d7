"""FUSE whose server has died: ENOTCONN for everything."""

from pathlib import Path

from lab.bench import Bench
from lab.silent_fuse import memory_fuse

NEEDS = ("fs:fuse", "/dev/fuse")


def build(bench: Bench) -> Path:
    server = bench.exits.enter_context(memory_fuse(bench.directory("mnt")))
    server.die()
    return server.mountpoint
