"""Fuse-overlayfs on ext4, as inside an older rootless container."""

from pathlib import Path

from lab.bench import Bench

from ._trees import overlay_layers

NEEDS = ("mkfs.ext4", "fs:ext4", "fs:fuse", "/dev/fuse", "setpriv", "fuse-overlayfs")


def build(bench: Bench) -> Path:
    options = overlay_layers(bench.ext4())
    return bench.serve(bench.directory("merged"), "fuse-overlayfs", "-f", "-o", options)
