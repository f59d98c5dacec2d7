"""9p of diod, cache=mmap."""

from pathlib import Path

from lab.bench import Bench

from ._diod import NEEDS as NEEDS, plan9


def build(bench: Bench) -> Path:
    return plan9(bench, ",cache=mmap")
