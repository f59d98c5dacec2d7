"""Which call of a survey one is, said so that it is the same one in the next survey.

Neither a process's number nor a call's index is: helpers start side by side, and a poll more or
less moves all that follows. So a call is told by who makes it, for which probe, and on what.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .interception import Call

CALLER, STARTING, WORKER = 0, 1, 100
"""Who calls fscaps; its worker before it announces a scratch directory; the same after that."""
SCRATCH = re.compile(r"\.fscaps-[0-9a-f]+-\d+-\d+-\d+-[0-9a-f]{16}")
_NAMES = {CALLER: "caller", STARTING: "starting", WORKER: "worker"}


class Place(NamedTuple):
    """One call among all of a survey."""

    who: str
    probe: str | None
    name: str
    what: str
    nth: int
    """Of those that are alike in all this."""


class Places:
    """The places of one survey's calls; it must be given each of them, in order."""

    def __init__(self) -> None:
        self._worker = 0
        self._born: dict[int, str] = {}
        self._children: Counter[str | None] = Counter()
        self._alike: Counter[tuple[str, str | None, str, str]] = Counter()

    def of(self, call: Call, probe: str | None, path: str) -> Place:
        """The place of a call that is made, with that path, while that probe is in flight."""
        if call.process == WORKER:
            self._worker = call.pid
        who = _NAMES.get(call.process) or self._child(call.pid, probe)
        alike = (who, probe, call.name, _lasting(path))
        self._alike[alike] += 1
        return Place(*alike, self._alike[alike])

    def _child(self, pid: int, probe: str | None) -> str:
        """Its number among those that were started for that probe, be they heard of late."""
        listed = _children(self._worker)
        for child in listed if pid in listed else [pid]:
            if child not in self._born:
                self._children[probe] += 1
                self._born[child] = f"{probe}#{self._children[probe]}"
        return self._born[pid]


def _children(pid: int) -> list[int]:
    """In order of their start (fs/proc/array.c: get_children_pid)."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as listed:
            return [int(child) for child in listed.read().split()]
    except OSError:
        return []


def _lasting(path: str) -> str:
    """A path without what differs from run to run."""
    named = re.sub("[0-9a-f]{6,}", "HEX", SCRATCH.sub("SCRATCH", path))
    return re.sub(r"\d+", "N", named) if path.startswith("/") else named
