"""The parent's side: start a worker, listen, and end it in time. Never touches the path itself."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..model import Finding, Mounting, Outcome, PlatformError, Reason, SandboxError, TargetError
from .protocol import (
    LINE_LIMIT,
    Asking,
    Cannot,
    Done,
    Found,
    Identified,
    Located,
    ProtocolError,
    Request,
    Scratch,
    Warned,
    decode,
    encode,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..model import Host, Mount
    from .protocol import Event

# The worker gets the caller's module search path with its request, so that it finds the same
# fscaps, wherever that was imported from, and none of the caller's site or environment.
_BOOT = (
    "import sys,json,importlib;"
    "b=json.loads(sys.stdin.readline());"
    "sys.path[:]=b['path'];"
    "getattr(importlib.import_module(b['module']),b['call'])(*b['arguments'])"
)
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
) -> Observation:
    """Ask these probes of the path in a child process, and outlive whatever happens to it.

    ``timeout`` is the seconds for one probe, ``deadline`` for all. Raises TargetError if the path
    cannot be asked, SandboxError if no child can be started.
    """
    text = path.decode("utf-8", "surrogateescape")
    request = Request(text, tuple(probes), mounting, timeout, os.getpid())
    worker = _start(python, "main", [encode(request).decode("ascii")])
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
    if ending is not None:
        _account_for(probes, progress, ending, seen)
        if gone and progress.scratch:
            _clean_up(python, text, progress.scratch, seen)
    return seen


def _start(python: str | None, call: str, arguments: list[str | int]) -> subprocess.Popen[bytes]:
    """A child in a session of its own, with none of our descriptors but the two pipes."""
    executable = python or sys.executable
    if not executable:
        message = "no Python to run the worker with; pass python="
        raise PlatformError(message)
    package = (__package__ or "").rpartition(".")[0]
    body = {
        "path": _search_path(package),
        "module": f"{package}._sandbox.worker",
        "call": call,
        "arguments": arguments,
    }
    try:
        worker = subprocess.Popen(  # noqa: S603 - our own interpreter, our own code
            [executable, "-I", "-S", "-X", "utf8", "-c", _BOOT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        message = f"no worker could be started: {error}"
        raise SandboxError(message) from error
    assert worker.stdin
    with suppress(BrokenPipeError), worker.stdin as pipe:
        pipe.write(json.dumps(body).encode() + b"\n")
    return worker


def _search_path(package: str) -> list[str]:
    path = []
    for entry in sys.path:
        with suppress(OSError):  # the working directory may be gone
            path.append(entry or os.getcwd())
    root = os.path.abspath(__file__)
    for _ in range(package.count(".") + 3):
        root = os.path.dirname(root)
    return path if root in path else [*path, root]


def _listen(
    worker: subprocess.Popen[bytes],
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


class _Lines:
    """The lines of a worker as they come; None when time is up, the end when it says no more."""

    def __init__(self, worker: subprocess.Popen[bytes], progress: _Progress) -> None:
        assert worker.stdout
        self._fd = worker.stdout.fileno()
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


def _end(worker: subprocess.Popen[bytes], seen: Observation) -> bool:
    """Kill the worker and its helpers; whether it is gone. One that stays is left behind."""
    if worker.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(worker.pid, signal.SIGKILL)
    if worker.stdout:
        worker.stdout.close()
    try:
        worker.wait(_GRACE)
    except subprocess.TimeoutExpired:
        seen.warnings.append(_stuck(worker.pid))
        # It cannot be waited for, and Popen would complain of that when it is collected.
        worker.returncode = -signal.SIGKILL
        return False
    return True


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
    probes: Sequence[str], progress: _Progress, ending: Reason, seen: Observation
) -> None:
    """Give every probe that was not answered its reason."""
    if ending is Reason.CRASH:
        noise = progress.noise.decode("utf-8", "replace").strip().rpartition("\n")[2]
        lost = f"the process that asked ended without an answer. {noise}".strip()
    elif time.monotonic() >= progress.run_ends:
        lost = "the deadline passed"
    else:
        lost = "no answer came in time"
    for probe in probes:
        if probe in seen.findings:
            continue
        if probe == progress.asking or (progress.asking is None and not seen.findings):
            finding = Finding(probe, Outcome.UNKNOWN, ending, None, lost)
        else:
            detail = f"not asked: {lost}" + (f" to {progress.asking}" if progress.asking else "")
            finding = Finding(probe, Outcome.UNKNOWN, Reason.UNRESPONSIVE, None, detail)
        seen.findings[probe] = finding


def _clean_up(python: str | None, path: str, name: str, seen: Observation) -> None:
    """Have a new process remove what the dead worker left, and do not wait long for it."""
    cleaner = _start(python, "clean", [path, name, os.getpid()])
    try:
        removed = cleaner.wait(_CLEANING) == 0
    except subprocess.TimeoutExpired:
        removed = False
    _end(cleaner, seen)
    if not removed:
        seen.warnings.append(f"the scratch directory {name} was left behind in {path}")
