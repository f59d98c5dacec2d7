"""A real Samba on this machine."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from lab.bench import end, run

if TYPE_CHECKING:
    from pathlib import Path

    from lab.bench import Bench

NEEDS = ("mkfs.ext4", "fs:ext4", "fs:cifs", "smbd", "mount.cifs")
_SETTINGS = """
[global]
    interfaces = 127.0.0.1
    bind interfaces only = yes
    disable netbios = yes
    load printers = no
    server min protocol = NT1
    private dir = {work}/samba
    log file = {work}/samba/log
[share]
    path = {share}
    read only = no
"""


def cifs(bench: Bench, options: str) -> Path:
    """Share a fresh ext4 disk, and mount it from 127.0.0.1 as its root."""
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    share = bench.ext4("share")
    settings = bench.directory("samba") / "smb.conf"
    settings.write_text(_SETTINGS.format(work=bench.work, share=share))
    subprocess.run(
        ["smbpasswd", "-c", str(settings), "-s", "-a", "root"],
        input="secret\nsecret\n",
        text=True,
        check=True,
        capture_output=True,
    )
    server = subprocess.Popen(
        ["smbd", "-s", str(settings), "--foreground", "--no-process-group"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    bench.exits.callback(end, server)
    bench.wait_for_port(445)
    who = "username=root,password=secret"
    source = "//127.0.0.1/share"
    return bench.mount("cifs", source, bench.directory("mnt"), f"{options},{who}")
