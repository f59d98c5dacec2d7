"""The roles that a directory is given: the folder is the register, one small file each.

A file has a docstring (its first line is the title), ``ID`` (fscaps' id of the role, or of a fact
that belongs to no role), ``ENGINE``, and ``work(place)``, which gives a real engine real work and
tells what became of it. ``ASKED_AS = "user"`` marks the roles of ordinary users, ``SINCE`` the
engine's version that brought it.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from lab.course import emptied, scratch
from lab.place import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lab.generations import Generation
    from lab.outcome import Outcome


@dataclass(frozen=True)
class Role:
    """A use of a directory by an engine."""

    id: str
    title: str
    engine: str
    asked_as: str  # root or user: who fscaps is asked as
    since: tuple[int, ...]
    work: Callable[[Place], Outcome]

    def use(self, directory: Path) -> Outcome:
        """Use a directory with this machine's engine; what that leaves there is removed."""
        with scratch() as work, emptied(directory):
            return self.work(Place(directory, work))

    def has(self, generation: Generation) -> bool:
        """Whether the generation's engine is installed and knows the role."""
        version = generation.version(self.engine)
        return version is not None and tuple(map(int, version.split("."))) >= self.since


def _every() -> Iterator[Role]:
    for found in iter_modules(__path__):
        if not found.name.startswith("_"):
            module = import_module(f"{__name__}.{found.name}")
            title = (module.__doc__ or "").splitlines()[0].rstrip(".")
            asked_as = getattr(module, "ASKED_AS", "root")
            since = getattr(module, "SINCE", ())
            yield Role(module.ID, title, module.ENGINE, asked_as, since, module.work)


ROLES = {role.id: role for role in sorted(_every(), key=lambda role: role.id)}
