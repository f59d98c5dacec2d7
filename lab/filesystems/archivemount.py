"""Archivemount (FUSE): a tar archive that can be written."""

from pathlib import Path

from lab.bench import Bench, run

from ._trees import small_tree

NEEDS = ("fs:fuse", "/dev/fuse", "setpriv", "tar", "archivemount")


def build(bench: Bench) -> Path:
    archive = bench.work / "archive.tar"
    run("tar", "-C", small_tree(bench), "-cf", archive, ".")
    return bench.serve(bench.directory("mnt"), "archivemount", "-f", "-o", "allow_other", archive)
