"""Ext4 on an encrypted device (dm-crypt, as LUKS makes it)."""

from pathlib import Path

from lab.bench import Bench

from ._devices import ext4_on, loop, mapped

NEEDS = ("mkfs.ext4", "fs:ext4", "dmsetup", "module:dm-crypt")
_SIZE = 1 << 30
_KEY = "00112233445566778899aabbccddeeff" * 2


def build(bench: Bench) -> Path:
    device = loop(bench, "data", _SIZE)
    return ext4_on(
        bench, mapped(bench, "crypt", _SIZE, f"crypt aes-xts-plain64 {_KEY} 0 {device} 0")
    )
