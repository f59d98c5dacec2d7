"""Ext4 mounted nosymfollow: no link on it is followed (Linux 5.10)."""

from pathlib import Path

from lab.bench import Bench
from lab.mounts import mount

NEEDS = ("mkfs.ext4", "fs:ext4")
_REMOUNT, _BIND, _NOSYMFOLLOW = 32, 4096, 256


def build(bench: Bench) -> Path:
    point = bench.ext4()
    mount("none", point, "none", _REMOUNT | _BIND | _NOSYMFOLLOW)  # mount(8) of Debian 12 lacks it
    return point
