"""Tmpfs."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("fs:tmpfs",)


def build(bench: Bench) -> Path:
    return bench.mount("tmpfs", "tmpfs", bench.directory("mnt"), "size=1g")
