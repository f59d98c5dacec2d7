"""A directory below the top of an ext4 whose mount is unbindable."""

from pathlib import Path

from lab.bench import Bench
from lab.filesystems import ext4_unbindable

NEEDS = ext4_unbindable.NEEDS


def build(bench: Bench) -> Path:
    directory = ext4_unbindable.build(bench) / "below"
    directory.mkdir()
    return directory
