"""Squashfs by squashfuse (FUSE), as where a user mounts it."""

from pathlib import Path

from lab.bench import Bench, run

from ._trees import small_tree

NEEDS = ("mksquashfs", "fs:fuse", "/dev/fuse", "setpriv", "squashfuse")


def build(bench: Bench) -> Path:
    image = bench.work / "image"
    run("mksquashfs", small_tree(bench), image, "-quiet")
    return bench.serve(bench.directory("mnt"), "squashfuse", "-f", "-o", "allow_other", image)
