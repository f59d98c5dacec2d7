"""Posixovl (FUSE): modes, owners, links and nodes kept in files, over ext4."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.ext4", "fs:ext4", "fs:fuse", "/dev/fuse", "setpriv", "mount.posixovl")


def build(bench: Bench) -> Path:
    return bench.serve(bench.directory("posix"), "mount.posixovl", "-F", "-S", bench.ext4())
