"""OCFS2, of one node (local)."""

from pathlib import Path

from lab.bench import Bench, run

from ._devices import loop

NEEDS = ("mkfs.ocfs2", "fs:ocfs2")


def build(bench: Bench) -> Path:
    device = loop(bench, "data", 1 << 30)
    run("mkfs.ocfs2", "-q", "-M", "local", device)
    return bench.mount("ocfs2", device, bench.directory("mnt"), "rw")
