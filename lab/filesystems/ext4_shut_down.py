"""Ext4 that has shut down, as after a failed disk: EIO for everything."""

import fcntl
import os
import struct
from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.ext4", "fs:ext4")


def build(bench: Bench) -> Path:
    point = bench.ext4()
    (point / "file").write_text("content\n")
    directory = os.open(point, os.O_RDONLY)
    try:
        fs_ioc_shutdown, no_log_flush = 0x8004587D, 2
        fcntl.ioctl(directory, fs_ioc_shutdown, struct.pack("I", no_log_flush))
    finally:
        os.close(directory)
    return point
