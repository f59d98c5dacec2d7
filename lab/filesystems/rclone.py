"""Rclone (FUSE), with its cache of whole files, over ext4."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.ext4", "fs:ext4", "fs:fuse", "/dev/fuse", "setpriv", "rclone")


def build(bench: Bench) -> Path:
    stored, cache = bench.ext4() / "stored", bench.directory("cache")
    stored.mkdir()
    options = ("--config", "/dev/null", "--allow-other", "--vfs-cache-mode", "full")
    command = ("rclone", "mount", *options, "--cache-dir", cache, f":local:{stored}")
    return bench.serve(bench.directory("mounted"), *command)
