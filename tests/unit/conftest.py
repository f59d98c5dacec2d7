"""Settings that the unit tests share: examples are not timed, and nothing is written here."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A slow machine is no failure, and a checkout that only others may write to is none either.
settings.register_profile("unit", deadline=None, max_examples=100, database=None, print_blob=True)
settings.load_profile("unit")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """An empty directory in an empty directory, which the test must leave as it was."""
    place = tmp_path / "place"
    place.mkdir()
    yield place
    assert os.listdir(place) == []
