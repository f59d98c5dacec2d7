"""A real 9p server on this machine."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from lab.bench import end

if TYPE_CHECKING:
    from pathlib import Path

    from lab.bench import Bench

NEEDS = ("mkfs.ext4", "fs:ext4", "fs:9p", "diod")


def plan9(bench: Bench, options: str) -> Path:
    """Serve a fresh ext4 disk by diod, and mount it from 127.0.0.1."""
    share = bench.ext4("share")
    server = subprocess.Popen(
        ["diod", "--foreground", "--no-auth", f"--export={share}", "--listen=127.0.0.1:564"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    bench.exits.callback(end, server)
    bench.wait_for_port(564)
    who = f"trans=tcp,version=9p2000.L,access=user,uname=root,aname={share}"
    return bench.mount("9p", "127.0.0.1", bench.directory("mnt"), f"{who}{options}")
