"""Ext4, a directory of it with an attribute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.bench import run

if TYPE_CHECKING:
    from pathlib import Path


def with_attribute(point: Path, attribute: str) -> Path:
    """Make a directory and give it an attribute of chattr(1)."""
    directory = point / "directory"
    directory.mkdir()
    run("chattr", attribute, directory)
    return directory
