"""F2FS, a directory that ignores case."""

from pathlib import Path

from lab.bench import Bench

from ._ext4 import with_attribute

NEEDS = ("mkfs.f2fs", "fs:f2fs", "chattr", "/sys/fs/f2fs/features/casefold")


def build(bench: Bench) -> Path:
    image = bench.image("mkfs.f2fs -q -O casefold -C utf8", 1 << 30)
    return with_attribute(bench.mount("f2fs", image, bench.directory("mnt")), "+F")
