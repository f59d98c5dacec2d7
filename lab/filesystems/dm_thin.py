"""Ext4 on a thin volume of the device mapper (LVM thin)."""

from pathlib import Path

from lab.bench import Bench, run

from ._devices import ext4_on, loop, mapped

NEEDS = ("mkfs.ext4", "fs:ext4", "dmsetup", "module:dm-thin-pool")
_SIZE = 1 << 30


def build(bench: Bench) -> Path:
    metadata, data = loop(bench, "metadata", 16 << 20), loop(bench, "data", _SIZE)
    pool = mapped(bench, "pool", _SIZE, f"thin-pool {metadata} {data} 128 0")
    run("dmsetup", "message", "pool", "0", "create_thin 0")
    return ext4_on(bench, mapped(bench, "thin", _SIZE, f"thin {pool} 0"))
