"""An ordinary user, who need not be known to the machine."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

ID = 1000
SUBORDINATE = (100000, 1000000)  # first and number, for /etc/subuid and /etc/subgid


def give(directory: Path) -> None:
    """Make a directory the user's own, where its file system lets one."""
    with contextlib.suppress(OSError):  # what the user then cannot do is what is asked
        os.chown(directory, ID, ID)
    for parent in [directory, *directory.parents]:
        # A temporary directory is root's alone; what is above it is the machine's.
        if parent.stat().st_mode & 0o011 != 0o011 and parent.name:
            parent.chmod(parent.stat().st_mode | 0o711)


def become() -> list[str]:
    """Give the command that runs another as the user, with none of root's rights."""
    return ["setpriv", f"--reuid={ID}", f"--regid={ID}", "--clear-groups", "--inh-caps=-all"]


def python() -> str:
    """Give an interpreter that the user may run: ours, unless it lies in root's home."""
    real = Path(sys.executable).resolve()
    reachable = all(parent.stat().st_mode & 0o001 for parent in real.parents)
    return sys.executable if reachable else "/usr/bin/python3"
