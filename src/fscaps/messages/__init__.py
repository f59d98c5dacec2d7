"""What engines and the kernel say when storage fails them: one file for each that speaks.

The folder is the register: a module put here is found by its ``MESSAGES``. A message has causes,
and a cause has checks: the probes whose answer on a path confirms or refutes it. A cause that no
probe decides says where to look instead.
"""

from __future__ import annotations

import enum
import functools
from dataclasses import dataclass
from errno import errorcode
from importlib import import_module

from .. import _register
from ..findings import Outcome, Reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Union

    from ..findings import Finding, Probe
    from ..store import Problem, Store

    Reply = Union[Outcome, Reason]


class Standing(str, enum.Enum):
    """What is known of a cause."""

    CONFIRMED = "confirmed"
    """A probe found it on the path."""
    REFUTED = "refuted"
    """The probes found that it is not so on the path."""
    OPEN = "open"
    """Nothing asked of the path decides it."""


@dataclass(frozen=True)
class Check:
    """A probe, and which of its answers confirm or refute a cause; any other leaves it open.

    If there are ``errnos``, a *no* or an error confirms only with one of them: for another reason
    it shows another cause.
    """

    probe: Probe
    confirms: tuple[Reply, ...] = (Outcome.NO,)
    refutes: tuple[Reply, ...] = (Outcome.YES,)
    errnos: tuple[int, ...] = ()

    def standing(self, finding: Finding) -> Standing:
        """What this finding makes of the cause."""
        replies = (finding.outcome, finding.reason)
        if any(reply in self.confirms for reply in replies) and self._is_of_these(finding):
            return Standing.CONFIRMED
        if any(reply in self.refutes for reply in replies):
            return Standing.REFUTED
        return Standing.OPEN

    def _is_of_these(self, finding: Finding) -> bool:
        named = [errorcode[code] for code in self.errnos]
        has_errno = finding.outcome is Outcome.NO or finding.reason is Reason.ERROR
        return not named or not has_errno or finding.errno in named


@dataclass(frozen=True)
class Cause:
    """One thing that makes somebody say so.

    It is considered only if ``when``, a regular expression, is found in the message's line, and,
    where the line names an errno, only if that is one of ``errnos`` (if there are any).
    ``problems`` are ids of a store's problems (Store.problems) that confirm it, each perhaps with a
    colon and what its text must have in it. One confirming check or problem confirms it, and it
    takes all checks to refute it. ``look`` is what to look at where probes do not decide;
    ``remedy`` is what to do if this is the cause.
    """

    because: str
    checks: tuple[Check, ...] = ()
    problems: tuple[str, ...] = ()
    errnos: tuple[int, ...] = ()
    when: str = ""
    look: str = ""
    remedy: str = ""

    def standing(self, findings: dict[str, Finding], store: Store | None = None) -> Standing:
        """What these findings, by probe, and the store that was found make of it."""
        if self.found(store):
            return Standing.CONFIRMED
        found = [
            check.standing(findings[check.probe.id]) if check.probe.id in findings else None
            for check in self.checks
        ]
        if Standing.CONFIRMED in found:
            return Standing.CONFIRMED
        if found and all(each is Standing.REFUTED for each in found):
            return Standing.REFUTED
        return Standing.OPEN

    def found(self, store: Store | None) -> tuple[Problem, ...]:
        """The problems of a store that confirm it."""
        wanted = [name.partition(":") for name in self.problems]
        return tuple(
            problem
            for problem in (store.problems if store else ())
            if any(problem.id == name and text in problem.what for name, _, text in wanted)
        )


@dataclass(frozen=True)
class Message:
    """A text that an engine or the kernel says.

    ``pattern`` is a regular expression for one line, whatever the case; ``speaker`` who says it,
    in which versions; ``source`` file, function and version where it was read.
    """

    id: str
    pattern: str
    speaker: str
    source: str
    means: str
    causes: tuple[Cause, ...]


def modules() -> list[ModuleType]:
    """The files of the folder."""
    return [import_module(f"{__name__}.{name}") for name in _register.modules(__path__)]


@functools.lru_cache(maxsize=None)
def every() -> tuple[Message, ...]:
    """All messages, file by file."""
    return tuple(message for module in modules() for message in module.MESSAGES)
