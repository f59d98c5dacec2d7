"""Who wants to live on a path: one file an engine, its roles and their needs as data.

The folder is the register: a module put here is found by its ``ENGINE``, whose id is its name.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from importlib import import_module

from .. import _register
from ..model import Engine, Level, Role, UnknownRoleError
from . import _versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


_FIRST = "docker"
"""What most people ask about."""
_GLOB = frozenset("*?[")


def every() -> dict[str, Engine]:
    """All engines by id, in the order in which they are reported."""
    return {name: _engine(name) for name in _ids()}


@functools.lru_cache(maxsize=None)
def _ids() -> tuple[str, ...]:
    return tuple(sorted(_register.modules(__path__), key=lambda name: name != _FIRST))


@functools.lru_cache(maxsize=None)
def _engine(name: str) -> Engine:
    engine: Engine = import_module(f"{__name__}.{name}").ENGINE
    return engine


def _concerned(names: Iterable[str]) -> list[Engine]:
    """The engines that these ids and globs may mean, and no other is loaded."""
    starts = [name.partition("@")[0].partition("/")[0] for name in names]
    if any(set(start) & _GLOB for start in starts):
        return list(every().values())
    return [_engine(name) for name in _ids() if name in starts]


def roles(names: Iterable[str] | None = None) -> list[Role]:
    """The roles of these ids or globs, and the usual ones of engines of these ids; all if None.

    An alternative that was asked for by name is one no more. Behind an ``@`` stands the engine's
    version of which the needs are to be. Raises UnknownRoleError, and ValueError for a version that
    is none, is of several engines, or is one of two of the same role.
    """
    if names is None:
        return [role for engine in every().values() for role in engine.roles]
    names = tuple(names)
    known = [role for engine in _concerned(names) for role in engine.roles]
    chosen: dict[str, Role] = {}
    for name in names:
        for role in _meant(known, name):
            other = chosen.setdefault(role.id, role)
            if other.version != role.version:
                versions = " and ".join(one.version or "all" for one in (other, role))
                raise ValueError(f"{role.id} cannot be of two versions: {versions}")
    return list(chosen.values())


def _meant(known: Iterable[Role], name: str) -> list[Role]:
    """The roles of one name, of the version in it."""
    start, at, version = name.partition("@")
    found = [role for role in known if _is_meant(role, start)]
    if not found:
        raise UnknownRoleError(name, _answering(start))
    if not at:
        return [replace(role, alternative=False) for role in found]
    engine, *others = {role.id.partition("/")[0] for role in found}
    if others or not _engine(engine).newest:
        raise ValueError(f"a version is of one engine that has some, not of {start!a}")
    of_version = [_versions.role_of(role, version) for role in found]
    return [replace(role, alternative=False) for role in of_version if _is_meant(role, start)]


def _answering(name: str) -> str:
    """The role that answers for what keeps its storage as an engine does, or nothing."""
    others = [pair for engine in every().values() for pair in engine.others]
    return dict(others).get(name.partition("/")[0].lower(), "")


def _is_meant(role: Role, name: str) -> bool:
    if "/" not in name:
        return role.id.partition("/")[0] == name and not role.alternative
    if not set(name) & _GLOB:
        return role.id == name
    from fnmatch import fnmatchcase  # noqa: PLC0415 - loaded only where it is asked for

    return fnmatchcase(role.id, name)


def whole(names: Iterable[str] | None = None) -> list[Engine]:
    """The engines that are asked about as such, not for some of their roles; all if None.

    Each with the drivers that the version tries which is named behind an ``@``, or the newest.
    """
    asked = dict.fromkeys(_ids(), "") if names is None else dict(map(_parted, names))
    known = [_engine(name) for name in _ids() if name in asked]
    return [_versions.engine_of(engine, asked[engine.id]) for engine in known]


def beside(names: Iterable[str] | None = None) -> list[Role]:
    """What else is judged of the engines asked about as such: alternatives, of the same version.

    The roles of drivers that they may pick, so that a pick is told with its worth, and those that
    ask for nothing more, though not for just the same as one that was asked for.
    """
    if names is None:
        return []
    asked = tuple(names)
    chosen, versions = roles(asked), dict(map(_parted, asked))
    ids, same = {role.id for role in chosen}, [_musts(role) for role in chosen]
    found = []
    for engine in whole(asked):
        picked, version = {driver.role for driver in engine.drivers}, versions[engine.id]
        probes = _probes(role for role in chosen if role.id.startswith(f"{engine.id}/"))
        for known in engine.roles:
            role = _versions.role_of(known, version) if version else known
            if role.id in picked or (_probes([role]) <= probes and _musts(role) not in same):
                found.append(role)
    return [role for role in found if role.id not in ids]


def _probes(chosen: Iterable[Role]) -> set[str]:
    return {probe.id for role in chosen for need in role.needs for probe in need.any_of}


def _musts(role: Role) -> set[tuple[str, ...]]:
    """What the role cannot do without."""
    musts = (need for need in role.needs if need.level is Level.MUST)
    return {tuple(probe.id for probe in need.any_of) for need in musts}


def unmeasured(chosen: Iterable[Role]) -> list[str]:
    """What to say of the versions of these roles that nobody has run: a line for each."""
    asked = {(role.id.partition("/")[0], role.version): None for role in chosen if role.version}
    return [
        f"{engine} {version} was not run, only {known.oldest} to {known.newest}; what is said of "
        "it was read in its source, or holds for the nearest of those"
        for engine, version in asked
        for known in (_engine(engine),)
        if not _versions.is_measured(known, version)
    ]


def _parted(name: str) -> tuple[str, str]:
    start, _, version = name.partition("@")
    return start, version
