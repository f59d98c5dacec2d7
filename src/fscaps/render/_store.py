"""For people: what an engine has laid down, what is wrong with it, and what else to know."""

from __future__ import annotations

from ..model import printable
from ._layout import hanging

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..store import Problem, Store
    from . import Style


def lines(store: Store, style: Style) -> Iterator[str]:
    """The store in a line, then its problems, what breaks it first."""
    drivers = ", ".join(store.drivers) or "no driver"
    counted = f"{store.layers} layers" if store.layers != 1 else "1 layer"
    told = f"; {'; '.join(store.versions)}" if store.versions and style.verbose else ""
    text = f"a store of {store.engine}, {drivers}, {counted}{told}"
    yield from hanging("holds", printable(text), style)
    for problem in sorted(store.problems, key=lambda problem: not problem.breaks):
        yield from _problem(problem, style)
    for limit in store.limits:
        yield from hanging("but", printable(limit), style, "  ")


def _problem(problem: Problem, style: Style) -> Iterator[str]:
    label = "broken" if problem.breaks else "note"
    yield from hanging(label, printable(problem.what), style, "  ")
    if problem.remedy:
        yield from hanging("do", printable(problem.remedy), style, "    ")
    if style.verbose:
        yield from hanging("source", printable(problem.source), style, "    ")
