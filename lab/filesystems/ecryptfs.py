"""ECryptfs over ext4, names encrypted too."""

import re
import subprocess
from pathlib import Path

from lab.bench import Bench, run

NEEDS = ("mkfs.ext4", "fs:ext4", "fs:ecryptfs", "ecryptfs-add-passphrase", "keyctl")


def build(bench: Bench) -> Path:
    cipher = bench.ext4() / "cipher"
    cipher.mkdir()
    run("keyctl", "link", "@u", "@s")  # where the kernel looks for what is added below
    done = subprocess.run(
        ["ecryptfs-add-passphrase", "--fnek", "-"],
        input="secret",
        text=True,
        check=True,
        capture_output=True,
    )
    content, names = re.findall(r"\[(\w{16})\]", done.stdout)
    keys = f"ecryptfs_sig={content},ecryptfs_fnek_sig={names}"
    options = f"{keys},ecryptfs_cipher=aes,ecryptfs_key_bytes=16"
    point = bench.directory("plain")
    run(
        "mount", "-i", "-t", "ecryptfs", "-o", options, cipher, point
    )  # without its helper, who asks
    return point
