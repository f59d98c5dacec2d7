"""Ext4, a directory of another group with the setgid bit, which hands on the group."""

from pathlib import Path

from lab.bench import Bench, run

NEEDS = ("mkfs.ext4", "fs:ext4")


def build(bench: Bench) -> Path:
    directory = bench.ext4() / "directory"
    directory.mkdir()
    run("chgrp", "1234", directory)
    run("chmod", "2775", directory)
    return directory
