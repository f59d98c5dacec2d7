"""ExFAT by exfat-fuse (FUSE)."""

from pathlib import Path

from lab.bench import Bench, run

from ._devices import loop

NEEDS = ("mkfs.exfat", "/dev/loop-control", "fs:fuse", "/dev/fuse", "setpriv", "mount.exfat-fuse")


def build(bench: Bench) -> Path:
    device = loop(bench, "image", 1 << 30)
    run("mkfs.exfat", device)
    command = ("mount.exfat-fuse", "-d", "-o", "allow_other", device)
    return bench.serve(bench.directory("mnt"), *command)
