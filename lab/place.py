"""Where an engine is given work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.generations import HOST

if TYPE_CHECKING:
    from pathlib import Path

    from lab.generations import Generation


@dataclass(frozen=True)
class Place:
    """A directory on the file system in question, and one on the local disk beside it."""

    directory: Path
    scratch: Path
    generation: Generation = HOST
