"""What some file systems are made over."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from lab.bench import Bench


def small_tree(bench: Bench) -> Path:
    """Make a directory and a file, for a file system that is written once."""
    tree = bench.directory("tree")
    (tree / "directory").mkdir()
    (tree / "file").write_text("content\n")
    return tree


def overlay_layers(point: Path) -> str:
    """Make what an overlay is mounted over, and give its options."""
    for name in ("lower", "upper", "work"):
        (point / name).mkdir()
    return f"lowerdir={point}/lower,upperdir={point}/upper,workdir={point}/work"
