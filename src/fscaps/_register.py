"""A folder as a register: the modules that lie in a package."""

from __future__ import annotations

import os


def modules(places: list[str]) -> list[str]:
    """The public modules and packages in a package, by name, given its ``__path__``."""
    try:
        files = os.listdir(places[0])
    except OSError:
        from pkgutil import iter_modules  # noqa: PLC0415 - costs a lot; a zipapp has no folders

        return sorted(found.name for found in iter_modules(places) if found.name[0] != "_")
    parts = (name.partition(".") for name in files if name[0] not in "._")
    return sorted(name for name, _, ending in parts if ending in ("", "py"))
