"""Lxcfs (FUSE): what it shows in the place of /proc."""

from pathlib import Path

from lab.bench import Bench

from ._private import private

NEEDS = ("fs:fuse", "/dev/fuse", "setpriv", "lxcfs")


def build(bench: Bench) -> Path:
    private(bench, "/run")
    number = bench.work / "pid"
    return bench.serve(bench.directory("mnt"), "lxcfs", "-f", "-p", number)
