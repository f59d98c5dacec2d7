"""Block devices over others: loop, device mapper, nbd."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from lab.bench import run

if TYPE_CHECKING:
    from pathlib import Path

    from lab.bench import Bench

SECTOR = 512
_DMSETUP = ("env", "DM_DISABLE_UDEV=1", "dmsetup")  # it makes the nodes itself


def loop(bench: Bench, name: str, size: int) -> str:
    """Give a loop device over a sparse file."""
    image = bench.work / name
    with image.open("wb") as file:
        file.truncate(size)
    done = subprocess.run(
        ["losetup", "--find", "--show", str(image)], check=True, capture_output=True, text=True
    )
    device = done.stdout.strip()
    bench.exits.callback(run, "losetup", "--detach", device)
    return device


def mapped(bench: Bench, name: str, size: int, table: str) -> str:
    """Give a device of the device mapper: its target and arguments for `size` bytes."""
    run(*_DMSETUP, "create", name, "--table", f"0 {size // SECTOR} {table}")
    bench.exits.callback(run, *_DMSETUP, "remove", "--retry", name)
    return f"/dev/mapper/{name}"


def ext4_on(bench: Bench, device: str) -> Path:
    """Make and mount an ext4 on a device."""
    run("mkfs.ext4", "-q", "-b", "4096", device)
    return bench.mount("ext4", device, bench.directory("mnt"), "rw")
