"""Virtiofs of qemu's virtiofsd, which keeps trusted attributes too (modcaps=+sys_admin)."""

from pathlib import Path

from lab.bench import Bench

from . import _shares

NEEDS = _shares.VIRTIOFS


def build(bench: Bench) -> Path:
    return _shares.virtiofs(bench, "virtiofs-trusted")
