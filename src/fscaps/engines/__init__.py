"""Who wants to live on a path: one file an engine, its roles and their needs as data.

The folder is the register: a module put here is found by its ``ENGINE``.
"""

from __future__ import annotations

import functools
from importlib import import_module

from .. import _register
from ..model import Engine, Role, UnknownRoleError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


@functools.lru_cache(maxsize=None)
def every() -> dict[str, Engine]:
    """All engines by id."""
    names = _register.modules(__path__)
    engines = [import_module(f"{__name__}.{name}").ENGINE for name in names]
    return {engine.id: engine for engine in engines}


def roles(names: Iterable[str] | None = None) -> list[Role]:
    """The roles of these ids, or of the engines of these ids; all if None.

    Raises UnknownRoleError.
    """
    known = every()
    if names is None:
        return [role for engine in known.values() for role in engine.roles]
    chosen: dict[str, Role] = {}
    for name in names:
        engine = known.get(name.partition("/")[0])
        found = [role for role in engine.roles if name in (engine.id, role.id)] if engine else []
        if not found:
            raise UnknownRoleError(name)
        chosen.update((role.id, role) for role in found)
    return list(chosen.values())
