"""Fill a file system to its limit."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from io import FileIO
    from pathlib import Path


def fill_blocks(directory: Path) -> None:
    """Take every block to be had: large pieces first, single blocks last."""
    with (directory / "filler").open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 16, 1 << 12):
            _append_until_full(file, size)


def _append_until_full(file: FileIO, size: int) -> None:
    try:
        while file.write(bytes(size)):
            os.fsync(file)  # or the blocks are promised only, not taken
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise


def fill_inodes(directory: Path) -> None:
    """Take every free inode."""
    number = 0
    try:
        while True:
            (directory / f"filler-{number}").touch()
            number += 1
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
