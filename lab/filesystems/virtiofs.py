"""Virtiofs of qemu's virtiofsd, with extended attributes."""

from pathlib import Path

from lab.bench import Bench

from . import _shares

NEEDS = _shares.VIRTIOFS


def build(bench: Bench) -> Path:
    return _shares.virtiofs(bench, "virtiofs")
