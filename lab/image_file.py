"""A file system in one file of a directory, made and used by the distribution's own tools."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def holds_ext4(directory: Path, scratch: Path) -> bool:
    """Make an ext4 in a file there, mount it, fill it, unmount and check it."""
    made, point = directory / "image", _point(scratch)
    try:
        if not (
            _runs("truncate", "--size=48M", made)
            and _runs("mkfs.ext4", "-q", "-b", "4096", made)
            and _runs("mount", "-o", "loop", made, point)
        ):
            return False
        copied = _runs("cp", "-r", "/etc/ssl", point)
        return _runs("umount", point) and copied and _runs("fsck.ext4", "-fn", made)
    finally:
        _runs("rm", "-f", made)


def holds_erofs(directory: Path, scratch: Path) -> bool:
    """Copy an EROFS there, mount it, and compare what it holds."""
    image, point, tree = scratch / "erofs", _point(scratch), scratch / "tree"
    if not image.exists():
        tree.mkdir()
        (tree / "file").write_text("content\n" * 10_000)
        subprocess.run(["mkfs.erofs", image, tree], check=True, capture_output=True)
    copy = directory / "image"
    try:
        if not (_runs("cp", image, copy) and _runs("mount", "-o", "loop,ro", copy, point)):
            return False
        same = _runs("diff", "-r", tree, point)
        return _runs("umount", point) and same
    finally:
        _runs("rm", "-f", copy)


def _point(scratch: Path) -> Path:
    point = scratch / "image-file"
    point.mkdir(exist_ok=True)
    return point


def _runs(*command: str | Path) -> bool:
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0
