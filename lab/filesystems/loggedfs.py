"""Loggedfs (FUSE), upon itself, on ext4."""

from pathlib import Path

from lab.bench import Bench

NEEDS = ("mkfs.ext4", "fs:ext4", "fs:fuse", "/dev/fuse", "setpriv", "loggedfs")


def build(bench: Bench) -> Path:
    watched = bench.ext4() / "watched"
    watched.mkdir()
    settings = bench.work / "settings.xml"
    settings.write_text('<loggedFS logEnabled="false" printProcessName="false"></loggedFS>\n')
    return bench.serve(watched, "loggedfs", "-f", "-p", "-c", settings)
