"""Ext4, an idmapped mount on which root is nobody: who is root on the disk is 100000 here."""

from pathlib import Path

from lab.bench import Bench

from ._idmapped import idmapped

NEEDS = ("mkfs.ext4", "fs:ext4")


def build(bench: Bench) -> Path:
    return idmapped(bench.ext4(), bench.directory("idmapped"), "0 100000 65536")
