"""What the second kernel cannot have is skipped by name, as on this one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def skip_if_missing(results: Path, name: str) -> None:
    """Skip the test if inside.py says that it has no such file system."""
    said = results / f"{name}.missing"
    if said.exists():
        pytest.skip(f"{name}: {said.read_text()}")
