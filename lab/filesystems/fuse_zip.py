"""Fuse-zip (FUSE): a ZIP archive that can be written."""

import zipfile
from pathlib import Path

from lab.bench import Bench

from ._trees import small_tree

NEEDS = ("fs:fuse", "/dev/fuse", "setpriv", "fuse-zip")


def build(bench: Bench) -> Path:
    archive = bench.work / "archive.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.write(small_tree(bench) / "file", "file")
    return bench.serve(bench.directory("mnt"), "fuse-zip", "-f", "-o", "allow_other", archive)
