"""Overlay on ext4, as inside a container."""

from pathlib import Path

from lab.bench import Bench

from ._trees import overlay_layers

NEEDS = ("mkfs.ext4", "fs:ext4", "fs:overlay")


def build(bench: Bench) -> Path:
    options = overlay_layers(bench.ext4())
    return bench.mount("overlay", "overlay", bench.directory("merged"), options)
