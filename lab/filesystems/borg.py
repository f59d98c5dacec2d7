"""A backup that borg mounts (FUSE): read-only."""

from pathlib import Path

from lab.bench import Bench, run

from ._trees import small_tree

NEEDS = ("fs:fuse", "/dev/fuse", "setpriv", "borg")


def build(bench: Bench) -> Path:
    tree, repository, home = small_tree(bench), bench.work / "repository", bench.directory("home")
    borg = ("env", f"HOME={home}", "borg")
    run(*borg, "init", "--encryption=none", repository)
    run("env", "-C", tree, *borg[1:], "create", f"{repository}::backup", ".")
    mount = ("mount", "--foreground", "-o", "allow_other", f"{repository}::backup")
    return bench.serve(bench.directory("mnt"), *borg, *mount)
