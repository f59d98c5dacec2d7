"""9p of diod, not cached."""

from pathlib import Path

from lab.bench import Bench

from . import _diod

NEEDS = _diod.NEEDS


def build(bench: Bench) -> Path:
    return _diod.plan9(bench, "")
