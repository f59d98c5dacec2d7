"""Ext4 on compressed memory (zram)."""

from pathlib import Path

from lab.bench import Bench

from ._devices import ext4_on

NEEDS = ("mkfs.ext4", "fs:ext4", "module:zram")


def build(bench: Bench) -> Path:
    Path("/sys/block/zram0/disksize").write_text("1G")
    bench.exits.callback(Path("/sys/block/zram0/reset").write_text, "1")
    return ext4_on(bench, "/dev/zram0")
