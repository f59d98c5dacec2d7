"""9p of diod, cache=mmap."""

from pathlib import Path

from lab.bench import Bench

from . import _diod

NEEDS = _diod.NEEDS


def build(bench: Bench) -> Path:
    return _diod.plan9(bench, ",cache=mmap")
