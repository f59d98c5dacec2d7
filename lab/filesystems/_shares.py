"""What qemu, or a server beside it, lets a machine of lab/qemu have of the host's ext4."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from lab.bench import Bench

PLAN9 = ("fs:9p", "virtio:9")
VIRTIOFS = ("fs:virtiofs", "virtio:26")


def plan9(bench: Bench, tag: str) -> Path:
    """Mount the share of that name."""
    options = "trans=virtio,version=9p2000.L,msize=524288"
    return _fresh(bench, bench.mount("9p", tag, bench.directory("mnt"), options))


def virtiofs(bench: Bench, tag: str) -> Path:
    """Mount the share of that name."""
    return _fresh(bench, bench.mount("virtiofs", tag, bench.directory("mnt"), "rw"))


def _fresh(bench: Bench, point: Path) -> Path:
    """A directory of it that nobody has worked in."""
    made = point / bench.work.parent.name
    made.mkdir()
    return made
