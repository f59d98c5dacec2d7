"""Rofiles-fuse (FUSE) over ext4: directories can be written, what has several links cannot."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.ext4", "fs:ext4", "fs:fuse", "/dev/fuse", "setpriv", "rofiles-fuse")


def build(bench: Bench) -> Path:
    command = ("rofiles-fuse", "-f", "-o", "allow_other", bench.ext4())
    return bench.serve(bench.directory("guarded"), *command)
