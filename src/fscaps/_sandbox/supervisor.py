"""The parent's side: start a worker, listen, and end it in time. Never touches the path itself."""

from __future__ import annotations

import errno
import os
import time

from ..errors import PlatformError, SandboxError, TargetError
from ..findings import Finding, Outcome, Reason
from . import child, wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..findings import Host, Mount, Mounting
    from ..store import Store

_GRACE = 0.5
"""Seconds for a killed worker to be gone."""
_DYING = 0.1
"""Seconds for a worker that says no more to be dead."""
_CLEANING = 1.0
"""Seconds for the scratch directory of a dead worker to be removed."""


class Observation:
    """What a worker told, completed by what became of it."""

    def __init__(self) -> None:
        self.resolved: str | None = None
        self.links: tuple[str, ...] = ()
        self.host: Host | None = None
        self.mount: Mount | None = None
        self.findings: dict[str, Finding] = {}
        self.store: Store | None = None
        self.warnings: list[str] = []


class Progress:
    """Where the worker is: the probe in flight, the scratch directory, and when time is up."""

    def __init__(self, timeout: float, deadline: float) -> None:
        now = time.monotonic()
        self.timeout = timeout
        self.run_ends = now + deadline
        self.step_ends = now + timeout
        self.asking: str | None = None
        self.scratch: str | None = None
        self.made: tuple[int, ...] = ()
        self.left = ""
        """Why the worker could not remove it."""
        self.looking = False
        self.killer = 0
        self.cannot: tuple[str, str | None] | None = None
        self.noise = b""


def observe(
    path: bytes,
    probes: Sequence[str],
    *,
    mounting: Mounting,
    timeout: float,
    deadline: float,
    python: str | None,
    on_finding: Callable[[Finding], object] | None,
    on_asking: Callable[[str | None], object] | None = None,
    worker: child.Child | None = None,
    ids: Sequence[int] = (),
    writing: bool = True,
    looking: bool = False,
) -> Observation:
    """Ask these probes of the path in a child process, and outlive whatever happens to it.

    ``on_asking`` is as in survey(). ``timeout`` is the seconds for one probe, ``deadline`` for all;
    ``worker`` a child that was started ahead, which then need not be started here; ``ids`` the uid,
    gid and groups to ask with, if not ours; ``writing`` and ``looking`` are as in wire.request().
    Raises TargetError if the path cannot be asked, SandboxError if no child can be started, or
    heard.
    """
    text = path.decode("utf-8", "surrogateescape")
    if ids:  # he is in no directory of ours
        text = _absolute(text)
    line = wire.request(text, probes, mounting, timeout, ids=ids, writing=writing, looking=looking)
    if len(line) > wire.REQUEST_LIMIT:
        raise SandboxError("the request is too long")
    worker = worker or child.start("boot", python)
    worker.ask(line)
    progress, seen = Progress(timeout, deadline), Observation()
    try:
        from .listening import listen  # noqa: PLC0415 - the worker is at work meanwhile

        ending = listen(worker, progress, seen, on_finding, on_asking)
        if ending is Reason.CRASH and worker.wait(_DYING):
            progress.killer = worker.signal
    except BaseException:  # Ctrl-C, or a callback raised: leave as little behind as ever
        if _end(worker, seen):
            _clean_up(python, text, progress, ids, seen)
        raise
    gone = _end(worker, seen)
    if progress.cannot:
        raise TargetError(text, *progress.cannot)
    _account_for(probes, progress, ending, seen)
    if ending and progress.looking:
        seen.warnings.append(f"an engine's store was not looked at to the end ({ending.value})")
    if gone and (ending is not None or progress.left):
        _clean_up(python, text, progress, ids, seen)
    elif progress.left:
        _tell_left(text, progress, seen)
    return seen


def _end(worker: child.Child, seen: Observation) -> bool:
    """Kill the worker, whose helpers die with it; whether it is gone. One that stays is named.

    To name it takes a while, in which a slow machine may be done with it.
    """
    if worker.end(_GRACE):
        return True
    stuck = _stuck(worker.pid)
    if worker.is_gone():
        return True
    seen.warnings.append(stuck)
    return False


def _stuck(pid: int) -> str:
    """Name a process that SIGKILL does not end, with its state and where in the kernel it waits."""
    status = _status(pid)
    try:
        with open(f"/proc/{pid}/wchan", encoding="ascii", errors="replace") as channel:
            waits = channel.read().strip("0 \n")
    except OSError:
        waits = "unknown"
    where = f" in {waits}" if waits else ""
    return f"process {pid} cannot be killed ({status}{where}) and was left behind"


def _status(pid: int) -> str:
    """In psutil's words, or the kernel's where a copy of fscaps has been taken along without it."""
    try:
        import psutil  # noqa: PLC0415 - costs more than all else we import, and is needed only here
    except ImportError:
        return _state(pid)
    try:
        return str(psutil.Process(pid).status())
    except (psutil.Error, OSError):
        return "unknown"


def _state(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            letter = file.read().rpartition(b") ")[2][:1].decode("ascii", "replace")
    except OSError:
        return "unknown"
    return f"state {letter}"  # proc(5)


def _account_for(
    probes: Sequence[str], progress: Progress, ending: Reason | None, seen: Observation
) -> None:
    """Give every probe that was not answered its reason, and drop what nobody asked."""
    seen.findings = {probe: seen.findings[probe] for probe in probes if probe in seen.findings}
    if ending is None:
        lost = "the process that asked ended without asking it"
    elif ending is Reason.CRASH:
        lost = f"the process that asked {_killed(progress.killer)} without an answer"
    elif time.monotonic() >= progress.run_ends:
        lost = "the deadline passed"
    else:
        lost = "no answer came in time"
    for probe in probes:
        if probe in seen.findings:
            continue
        if ending and (probe == progress.asking or (progress.asking is None and not seen.findings)):
            said = progress.noise.decode("utf-8", "replace").strip().rpartition("\n")[2]
            detail = f"{lost}. {said}" if said and ending is Reason.CRASH else lost
            finding = Finding(probe, Outcome.UNKNOWN, ending, None, detail)
        else:
            detail = f"not asked: {lost}" + (f" to {progress.asking}" if progress.asking else "")
            finding = Finding(probe, Outcome.UNKNOWN, Reason.UNRESPONSIVE, None, detail)
        seen.findings[probe] = finding


def _killed(killer: int) -> str:
    if not killer:
        return "ended"
    from .._linux.processes import signal_name  # noqa: PLC0415 - seldom wanted

    return f"was killed by {signal_name(killer)}"


def _absolute(path: str) -> str:
    """Raises TargetError."""
    try:
        return os.path.join(os.getcwd(), path)
    except OSError as error:
        code = errno.errorcode.get(error.errno or 0)
        raise TargetError(path, str(error.strerror), code) from None


def _clean_up(
    python: str | None, path: str, progress: Progress, ids: Sequence[int], seen: Observation
) -> None:
    """Have a new process remove what the dead worker left, and do not wait long for it.

    What the worker could not remove may have been busy with what it held itself.
    """
    if not progress.scratch:
        return
    try:
        removed = _cleaned(python, path, progress, ids, seen)
    except (PlatformError, SandboxError):  # for want of descriptors, memory, processes
        removed = False
    if not removed:
        _tell_left(path, progress, seen)


def _tell_left(path: str, progress: Progress, seen: Observation) -> None:
    why = f" ({progress.left})" if progress.left else ""
    left = f"the scratch directory {progress.scratch} was left behind in {path}"
    seen.warnings.append(left + why)


def _cleaned(
    python: str | None, path: str, progress: Progress, ids: Sequence[int], seen: Observation
) -> bool:
    from .listening import heard_done  # noqa: PLC0415 - as above

    line = wire.cleaning(path, progress.scratch or "", progress.made, ids)
    cleaner = child.start("boot", python)
    cleaner.ask(line)
    removed = heard_done(cleaner, Progress(_CLEANING, _CLEANING))
    _end(cleaner, seen)
    return removed
