"""Questions to a file system, asked by doing: one function each, one file per subject.

The folder is the register: a file put here is found, and each probe in it gets the id
``<file>.<function>``. A probe's body is the happy path. It returns nothing, a few words on what
was seen, or an Answer; it raises No where the file system did not keep its word, and Unknown
where the question could not be put. An OSError means *no* if the declaration lists its errno.
"""

from __future__ import annotations

import functools
from importlib import import_module

from .. import _register
from ..findings import Probe, Reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import ModuleType
    from typing import NoReturn, Union

    from ..findings import Value
    from ._area import Area

    Body = Callable[[Area], Union["Answer", str, None]]


class Answer:
    """A *yes* with something to tell."""

    def __init__(self, detail: str = "", value: Value = None) -> None:
        self.detail = detail
        self.value = value


class No(Exception):  # noqa: N818 - it is an answer, not an error
    """A *no* that no errno expressed: the call succeeded and did something else."""

    def __init__(self, detail: str, *, errno: str | None = None, value: Value = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errno = errno
        self.value = value


class Unknown(Exception):  # noqa: N818 - it is an answer, not an error
    """The question could not be put."""

    def __init__(self, reason: Reason, detail: str, *, errno: str | None = None) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail
        self.errno = errno


def probe(
    question: str,
    *,
    no: Iterable[int] = (),
    capabilities: tuple[str, ...] = (),
    after: tuple[Probe, ...] = (),
) -> Callable[[Body], Probe]:
    """Make a function a probe; see Probe for what the arguments mean."""

    def declare(ask: Body) -> Probe:
        subject = ask.__module__.rpartition(".")[2]
        identity = f"{subject}.{ask.__name__}"
        return Probe(identity, question, ask, frozenset(no), capabilities, after)

    return declare


def skip(detail: str) -> NoReturn:
    """End a probe whose question does not arise here."""
    raise Unknown(Reason.SKIPPED, detail)


def __getattr__(name: str) -> ModuleType:
    """Import a subject when it is first named: ``fscaps.probes.xattr``."""
    subject = f"{__name__}.{name}"
    try:
        return import_module(subject)
    except ModuleNotFoundError as error:
        if error.name != subject:
            raise
    raise AttributeError(f"no subject of probes is called {name}")


@functools.lru_cache(maxsize=None)
def every() -> dict[str, Probe]:
    """All probes by id, in the order in which they are asked."""
    found: dict[str, Probe] = {}
    for name in _register.modules(__path__):
        subject = import_module(f"{__name__}.{name}")
        for thing in vars(subject).values():
            if isinstance(thing, Probe) and thing.id.startswith(f"{name}."):
                found.setdefault(thing.id, thing)
    return {probe.id: probe for probe in in_order(found.values())}


def in_order(chosen: Iterable[Probe]) -> list[Probe]:
    """The chosen probes and those they build on, each after what it builds on."""
    ordered: dict[str, Probe] = {}

    def place(probe: Probe) -> None:
        for earlier in probe.after:
            place(earlier)
        ordered.setdefault(probe.id, probe)

    for probe in chosen:
        place(probe)
    return list(ordered.values())
