"""NTFS by ntfs-3g (FUSE), which keeps owners and modes with `permissions`."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.ntfs", "fs:fuse", "/dev/fuse", "setpriv", "ntfs-3g")


def build(bench: Bench) -> Path:
    image = bench.image("mkfs.ntfs -q -F -Q", 1 << 30)
    command = ("ntfs-3g", "-o", "no_detach,permissions,allow_other", image)
    return bench.serve(bench.directory("mnt"), *command)
