"""Ext4, a directory at its project's limit; ext4 holds everybody to it but root."""

from pathlib import Path

from lab.bench import Bench, run

NEEDS = ("mkfs.ext4", "fs:ext4", "setquota", "CONFIG_QFMT_V2")


def build(bench: Bench) -> Path:
    point = bench.ext4(mkfs="-O quota,project -E quotatype=prjquota", options="loop,prjquota")
    directory = point / "project"
    directory.mkdir()
    directory.chmod(0o777)
    run("chattr", "+P", "-p", "42", directory)
    run("setquota", "-P", "42", "0", "1024", "0", "0", point)
    # Root may pass the limit, and whoever comes next finds it passed.
    (directory / "filler").write_bytes(bytes(2 << 20))
    run("sync", "-f", directory)
    return directory
