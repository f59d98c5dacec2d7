"""The parent's side: start a worker, listen, and end it in time. Never touches the path itself."""

from __future__ import annotations

import os
import select
import time
from dataclasses import dataclass, field

from ..errors import SandboxError, TargetError
from ..findings import Finding, Mounting, Outcome, Reason
from . import child
from .protocol import (
    Asking,
    Cannot,
    Done,
    Found,
    Identified,
    Located,
    ProtocolError,
    Scratch,
    Warned,
    decode,
    encode,
)
from .wire import LINE_LIMIT, REQUEST_LIMIT, Cleaning, Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..findings import Host, Mount
    from .protocol import Event

_GRACE = 0.5
"""Seconds for a killed worker to be gone."""
_CLEANING = 1.0
"""Seconds for the scratch directory of a dead worker to be removed."""
_TOTAL_LIMIT = 4 << 20
"""Bytes that a worker may say in all."""
_NOISE_LIMIT = 2000


@dataclass
class Observation:
    """What a worker told, completed by what became of it."""

    resolved: str | None = None
    links: tuple[str, ...] = ()
    host: Host | None = None
    mount: Mount | None = None
    findings: dict[str, Finding] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


@dataclass
class _Progress:
    """Where the worker is: the probe in flight, the scratch directory, and when time is up."""

    run_ends: float
    step_ends: float
    asking: str | None = None
    scratch: str | None = None
    noise: bytes = b""


def observe(
    path: bytes,
    probes: Sequence[str],
    *,
    mounting: Mounting,
    timeout: float,
    deadline: float,
    python: str | None,
    on_finding: Callable[[Finding], object] | None,
    worker: child.Child | None = None,
) -> Observation:
    """Ask these probes of the path in a child process, and outlive whatever happens to it.

    ``timeout`` is the seconds for one probe, ``deadline`` for all; ``worker`` a child that was
    started ahead, which then need not be started here. Raises TargetError if the path
    cannot be asked, SandboxError if no child can be started.
    """
    text = path.decode("utf-8", "surrogateescape")
    request = Request(text, tuple(probes), mounting, timeout, os.getpid())
    line = encode(request)
    if len(line) > REQUEST_LIMIT:
        raise SandboxError("the request is too long")
    worker = worker or child.start("boot", python)
    worker.ask(line)
    now = time.monotonic()
    progress = _Progress(now + deadline, now + timeout)
    seen = Observation()
    try:
        ending = _listen(worker, progress, seen, timeout, on_finding)
    except BaseException:  # Ctrl-C, or on_finding raised: leave as little behind as ever
        if _end(worker, seen) and progress.scratch:
            _clean_up(python, text, progress.scratch, seen)
        raise
    gone = _end(worker, seen)
    if isinstance(ending, Cannot):
        raise TargetError(text, ending.text, ending.errno)
    _account_for(probes, progress, ending, seen)
    if ending is not None and gone and progress.scratch:
        _clean_up(python, text, progress.scratch, seen)
    return seen


def _listen(
    worker: child.Child,
    progress: _Progress,
    seen: Observation,
    timeout: float,
    on_finding: Callable[[Finding], object] | None,
) -> Cannot | Reason | None:
    """Take in events until the worker is done (None), cannot, or did not get to its end."""
    for line in _Lines(worker, progress):
        if line is None:
            return Reason.TIMEOUT
        try:
            event = decode(line)
        except ProtocolError:
            progress.noise = (progress.noise + line + b"\n")[-_NOISE_LIMIT:]
            continue
        if isinstance(event, Done):
            return None
        if isinstance(event, Cannot):
            return event
        if isinstance(event, Asking):
            progress.asking = event.probe
            progress.step_ends = time.monotonic() + timeout
        _take_in(event, progress, seen)
        if isinstance(event, Found) and on_finding:
            on_finding(event.finding)
    return Reason.CRASH


def _take_in(event: Event, progress: _Progress, seen: Observation) -> None:
    if isinstance(event, Located):
        seen.resolved, seen.links = event.resolved, event.links
        seen.host, seen.mount = event.host, event.mount
    elif isinstance(event, Identified):
        seen.mount = event.mount
    elif isinstance(event, Scratch):
        progress.scratch = event.name
    elif isinstance(event, Found):
        seen.findings[event.finding.probe] = event.finding
        progress.asking = None
    elif isinstance(event, Warned):
        seen.warnings.append(event.text)


def _removed(cleaner: child.Child) -> bool:
    """Whether the cleaner says in time that it is done."""
    until = time.monotonic() + _CLEANING
    for line in _Lines(cleaner, _Progress(until, until)):
        if line is None:
            return False
        try:
            if decode(line) == Done():
                return True
        except ProtocolError:
            continue
    return False


class _Lines:
    """The lines of a worker as they come; None when time is up, the end when it says no more."""

    def __init__(self, worker: child.Child, progress: _Progress) -> None:
        self._fd = worker.events
        self._progress = progress
        self._buffer = b""
        self._total = 0
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> bytes | None:
        while b"\n" not in self._buffer:
            left = min(self._progress.run_ends, self._progress.step_ends) - time.monotonic()
            if left <= 0 or not self._poll.poll(left * 1000):
                return None
            block = os.read(self._fd, LINE_LIMIT)
            self._total += len(block)
            if not block or len(self._buffer) > LINE_LIMIT or self._total > _TOTAL_LIMIT:
                raise StopIteration
            self._buffer += block
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line


def _end(worker: child.Child, seen: Observation) -> bool:
    """Kill the worker, whose helpers die with it; whether it is gone. One that stays is named."""
    gone = worker.end(_GRACE)
    if not gone:
        seen.warnings.append(_stuck(worker.pid))
    return gone


def _stuck(pid: int) -> str:
    """Name a process that SIGKILL does not end, with its state and where in the kernel it waits."""
    import psutil  # noqa: PLC0415 - costs more than all else we import, and is needed only here

    try:
        status = psutil.Process(pid).status()
        with open(f"/proc/{pid}/wchan", encoding="ascii", errors="replace") as channel:
            waits = channel.read().strip("0 \n")
    except (psutil.Error, OSError):
        status = waits = "unknown"
    where = f" in {waits}" if waits else ""
    return f"process {pid} cannot be killed ({status}{where}) and was left behind"


def _account_for(
    probes: Sequence[str], progress: _Progress, ending: Reason | None, seen: Observation
) -> None:
    """Give every probe that was not answered its reason, and drop what nobody asked."""
    seen.findings = {probe: seen.findings[probe] for probe in probes if probe in seen.findings}
    if ending is None:
        lost = "the process that asked ended without asking it"
    elif ending is Reason.CRASH:
        noise = progress.noise.decode("utf-8", "replace").strip().rpartition("\n")[2]
        lost = f"the process that asked ended without an answer. {noise}".strip()
    elif time.monotonic() >= progress.run_ends:
        lost = "the deadline passed"
    else:
        lost = "no answer came in time"
    for probe in probes:
        if probe in seen.findings:
            continue
        if ending and (probe == progress.asking or (progress.asking is None and not seen.findings)):
            finding = Finding(probe, Outcome.UNKNOWN, ending, None, lost)
        else:
            detail = f"not asked: {lost}" + (f" to {progress.asking}" if progress.asking else "")
            finding = Finding(probe, Outcome.UNKNOWN, Reason.UNRESPONSIVE, None, detail)
        seen.findings[probe] = finding


def _clean_up(python: str | None, path: str, name: str, seen: Observation) -> None:
    """Have a new process remove what the dead worker left, and do not wait long for it."""
    cleaner = child.start("boot", python)
    cleaner.ask(encode(Cleaning(path, name, os.getpid())))
    removed = _removed(cleaner)
    _end(cleaner, seen)
    if not removed:
        seen.warnings.append(f"the scratch directory {name} was left behind in {path}")
