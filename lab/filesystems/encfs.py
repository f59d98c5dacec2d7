"""Encfs (FUSE) over ext4."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.ext4", "fs:ext4", "fs:fuse", "/dev/fuse", "setpriv", "encfs")


def build(bench: Bench) -> Path:
    cipher = bench.ext4() / "cipher"
    cipher.mkdir()
    command = ("encfs", "-f", "--standard", "--public", "--extpass=echo secret", cipher)
    return bench.serve(bench.directory("plain"), *command)
