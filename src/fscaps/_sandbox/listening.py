"""The supervisor's ear: what a worker says, line by line, for as long as it may."""

from __future__ import annotations

import os
import select
import time

from ..errors import SandboxError
from ..findings import Reason
from .protocol import (
    Asking,
    Cannot,
    Done,
    Found,
    Identified,
    Left,
    Located,
    Looking,
    Made,
    ProtocolError,
    Scratch,
    Stored,
    Warned,
    decode,
)
from .wire import LINE_LIMIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..findings import Finding
    from .child import Child
    from .protocol import Event
    from .supervisor import Observation, Progress

_TOTAL_LIMIT = 4 << 20
"""Bytes that a worker may say in all."""
_NOISE_LIMIT = 2000
_IDLE = 0.25
"""Seconds of silence after which whoever waits is told again what for."""


def listen(
    worker: Child,
    progress: Progress,
    seen: Observation,
    on_finding: Callable[[Finding], object] | None,
    on_asking: Callable[[str | None], object] | None,
) -> Reason | None:
    """Take in events until the worker is done or cannot (None), or did not get to its end."""

    def tell() -> None:
        if on_asking:
            on_asking(progress.asking)

    for line in _Lines(worker, progress, tell):
        if line is None:
            return Reason.TIMEOUT
        try:
            event = decode(line)
        except ProtocolError:
            progress.noise = (progress.noise + line + b"\n")[-_NOISE_LIMIT:]
            continue
        if isinstance(event, Cannot):
            progress.cannot = event.text, event.errno
        if isinstance(event, (Done, Cannot)):
            return None
        _take_in(event, progress, seen)
        if isinstance(event, Found) and on_finding:
            on_finding(event.finding)
        if isinstance(event, Asking):
            tell()
    return Reason.CRASH


def _take_in(event: Event, progress: Progress, seen: Observation) -> None:
    if isinstance(event, Located):
        seen.resolved, seen.links = event.resolved, event.links
        seen.host, seen.mount = event.host, event.mount
    elif isinstance(event, Identified):
        seen.mount = event.mount
    elif isinstance(event, (Scratch, Made, Left)):
        _follow(event, progress)
    elif isinstance(event, Asking):
        progress.asking = event.probe
        progress.step_ends = time.monotonic() + progress.timeout
    elif isinstance(event, Found):
        seen.findings[event.finding.probe] = event.finding
        progress.asking = None
    elif isinstance(event, Looking):
        progress.asking, progress.looking = None, True
        if not progress.left:
            progress.scratch = None
        progress.step_ends = time.monotonic() + progress.timeout
    elif isinstance(event, Stored):
        seen.store, progress.looking = event.store, False
    elif isinstance(event, Warned):
        seen.warnings.append(event.text)


def _follow(event: Scratch | Made | Left, progress: Progress) -> None:
    """What becomes of the scratch directory."""
    if isinstance(event, Scratch):
        progress.scratch = event.name
    elif isinstance(event, Made):
        progress.made = event.identity
    else:
        progress.left = event.text


def heard_done(cleaner: Child, progress: Progress) -> bool:
    """Whether the cleaner says in time that it is done."""
    for line in _Lines(cleaner, progress, lambda: None):
        if line is None:
            return False
        try:
            if decode(line) == Done():
                return True
        except ProtocolError:
            continue
    return False


class _Lines:
    """The lines of a worker as they come; None when time is up, the end when it says no more.

    ``idle`` is called again and again while there is none.
    """

    def __init__(self, worker: Child, progress: Progress, idle: Callable[[], None]) -> None:
        self._fd = worker.events
        self._progress = progress
        self._idle = idle
        self._buffer = b""
        self._total = 0
        self._late = False
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> bytes | None:
        while b"\n" not in self._buffer:
            if not self._more():
                return None
            block = self._read()
            self._total += len(block)
            if not block or len(self._buffer) > LINE_LIMIT or self._total > _TOTAL_LIMIT:
                raise StopIteration
            self._buffer += block
        line, _, self._buffer = self._buffer.partition(b"\n")
        if len(line) > LINE_LIMIT:
            raise StopIteration
        return line

    def _more(self) -> bool:
        """Whether the worker says more before time is up, or has said it by then.

        For we may have been stopped meanwhile (Ctrl-Z). A pipe holds no more than one block, so
        that two in a row that are late were not all said in time.
        """
        while True:
            left = min(self._progress.run_ends, self._progress.step_ends) - time.monotonic()
            if self._speaks(min(max(left, 0), _IDLE)):
                before, self._late = self._late, left <= 0
                return not (before and self._late)
            if left <= 0:
                return False
            self._idle()

    def _speaks(self, seconds: float) -> bool:
        try:
            return bool(self._poll.poll(seconds * 1000))
        except OSError as error:  # a seccomp filter denies it
            raise SandboxError(f"the worker cannot be waited for: {error}") from error

    def _read(self) -> bytes:
        try:
            return os.read(self._fd, LINE_LIMIT)
        except OSError as error:
            raise SandboxError(f"the worker cannot be heard: {error}") from error
