"""Backups that restic mounts (FUSE): read-only."""

from pathlib import Path

from lab.bench import Bench, run

from ._trees import small_tree

NEEDS = ("fs:fuse", "/dev/fuse", "setpriv", "restic")


def build(bench: Bench) -> Path:
    repository, secret = bench.work / "repository", bench.work / "secret"
    secret.write_text("secret\n")
    restic = ("restic", "--no-cache", "-q", "-r", repository, "-p", secret)
    run(*restic, "init")
    run(*restic, "backup", small_tree(bench))
    return bench.serve(bench.directory("mnt"), *restic, "mount", "--allow-other")
