"""Who wants to live on a path: one file an engine, its roles and their needs as data.

The folder is the register: a module put here is found by its ``ENGINE``.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from importlib import import_module

from .. import _register
from ..model import Engine, Role, UnknownRoleError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


_FIRST = "docker"
"""What most people ask about."""


@functools.lru_cache(maxsize=None)
def every() -> dict[str, Engine]:
    """All engines by id, in the order in which they are reported."""
    names = _register.modules(__path__)
    engines = [import_module(f"{__name__}.{name}").ENGINE for name in names]
    engines.sort(key=lambda engine: engine.id != _FIRST)
    return {engine.id: engine for engine in engines}


def roles(names: Iterable[str] | None = None) -> list[Role]:
    """The roles of these ids or globs, and the usual ones of engines of these ids; all if None.

    An alternative that was asked for by name is one no more. Raises UnknownRoleError.
    """
    known = [role for engine in every().values() for role in engine.roles]
    if names is None:
        return known
    chosen: dict[str, Role] = {}
    for name in names:
        found = [role for role in known if _is_meant(role, name)]
        if not found:
            raise UnknownRoleError(name)
        chosen.update((role.id, replace(role, alternative=False)) for role in found)
    return list(chosen.values())


def _is_meant(role: Role, name: str) -> bool:
    if "/" not in name:
        return role.id.partition("/")[0] == name and not role.alternative
    if not set(name) & set("*?["):
        return role.id == name
    from fnmatch import fnmatchcase  # noqa: PLC0415 - loaded only where it is asked for

    return fnmatchcase(role.id, name)


def whole(names: Iterable[str] | None = None) -> list[Engine]:
    """The engines that are asked about as such, not for some of their roles; all if None."""
    return [engine for engine in every().values() if names is None or engine.id in names]
