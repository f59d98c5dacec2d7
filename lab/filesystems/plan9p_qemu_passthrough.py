"""9p of qemu, security_model=passthrough."""

from pathlib import Path

from lab.bench import Bench

from . import _shares

NEEDS = _shares.PLAN9


def build(bench: Bench) -> Path:
    return _shares.plan9(bench, "passthrough")
