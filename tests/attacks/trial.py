"""One survey under watch: what was asked of the kernel, what we did to it, what came of it."""

from __future__ import annotations

import ctypes
import fcntl
import functools
import json
import os
import signal
import socket
import stat
import sys
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import psutil

import fscaps
from fscaps.render import json as form

from .interception import Call, Watch, submit
from .places import STARTING, WORKER, Place, Places

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    Decision = int | str | None

QUIET = 20.0
"""Seconds without a call after which a watched process counts as lingering."""
_ROOM = 1 << 20
_PR_SET_CHILD_SUBREAPER = 36
_AT_FDCWD = -100 & 0xFFFFFFFF


class Seen(NamedTuple):
    """A call, as it was before it was let through or attacked."""

    place: Place
    on_it: bool
    """Whether it is asked of the probed file system, or of one that is mounted upon it."""


@dataclass
class Trial:
    """What became of one survey."""

    report: fscaps.Report | None = None
    error: str = ""
    """What the caller raised, if it is one of fscaps' own errors."""
    bug: str = ""
    """A traceback, which no caller may ever see."""
    calls: list[Seen] = field(default_factory=list)
    hit: Seen | None = None
    """The call that was attacked."""
    lingering: bool = False
    """Whether a process outlived it all."""


def become_reaper() -> None:
    """Take in the processes whose parent dies, so that they can be waited for."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def be_no_reaper() -> None:
    """Leave them to process 1 again, who waits for them; for a process that goes on."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def attempt(
    path: str,
    decide: Callable[[Watch, Call, Place], bool],
    *,
    record: bool = False,
    observe: Callable[[Call], None] | None = None,
    denied: Mapping[str, int] | None = None,
    asked: Collection[str] = (),
    **options: Any,
) -> Trial:
    """Survey the path in a process of its own, under watch, and do to its calls what is decided.

    ``decide`` is given each call and its place; it answers the call itself and returns True if it
    attacks it, and returns False to have it let through. ``observe`` is shown each call before.
    What is ``denied`` fails with that errno each time, and is asked about no more. Only calls of
    the ``asked`` names are decided on, if any are: the others go at their own pace.
    """
    others = set(psutil.Process().children())
    ours, theirs = socket.socketpair()
    results, told = os.pipe()
    fcntl.fcntl(told, fcntl.F_SETPIPE_SZ, _ROOM)  # read only when all is over
    pid = os.fork()
    if pid == 0:
        ours.close()
        os.close(results)
        _be_caller(theirs, told, path, asked, options)
    theirs.close()
    os.close(told)
    trial = Trial()
    watch = Watch(ours)
    ours.close()
    try:
        _serve(watch, decide, trial, observe or _ignore, denied or {}, record=record)
    except TimeoutError:
        trial.lingering = True
        watch.kill_all()
    finally:
        watch.close()
    _take(results, trial)
    _reap(pid, others)
    return trial


def _serve(
    watch: Watch,
    decide: Callable[[Watch, Call, Place], bool],
    trial: Trial,
    observe: Callable[[Call], None],
    denied: Mapping[str, int],
    *,
    record: bool,
) -> None:
    probe: str | None = None
    event: dict[str, Any] = {}
    places = Places()
    for call in watch.calls(QUIET):
        observe(call)
        if call.name in denied:
            watch.fail(call, denied[call.name])
            continue
        tells = call.process in (STARTING, WORKER) and _is_telling(call)
        if tells:
            event = _event(call)
            probe = event.get("probe")
        if trial.hit and not record:
            watch.let(call)
        else:
            # Before it goes on: its memory may then be another's.
            seen = _seen(call, None if tells else probe, places)
            if record:
                trial.calls.append(seen)
            if decide(watch, call, seen.place):
                trial.hit = seen
            else:
                watch.let(call)
        if call.process == STARTING and event.get("event") == "scratch":
            watch.renumber(call, WORKER)


def _ignore(_: Call) -> None:
    """Observe nothing."""


def _is_telling(call: Call) -> bool:
    return call.name == "write" and call.arguments[0] == 1


def _event(call: Call) -> dict[str, Any]:
    """The last of the events that are told by one write: an answer, and what is asked next."""
    try:
        *_, last = call.memory(call.arguments[1], call.arguments[2]).splitlines()
        said: dict[str, Any] = json.loads(last)
    except (OSError, ValueError):
        return {}
    return said


# Where a call has its path, and the descriptor that this is relative to, or that it works on.
_PATH = {
    **dict.fromkeys(("openat", "openat2", "newfstatat", "mkdirat", "unlinkat"), 1),
    **dict.fromkeys(("mknodat", "fchownat"), 1),
    **dict.fromkeys(("utimensat", "renameat", "renameat2", "linkat", "readlinkat"), 1),
    **dict.fromkeys(("openat2", "execveat"), 1),
    **dict.fromkeys(("execve", "readlink", "access", "quotactl"), 0),
    "symlinkat": 2,
}
_DESCRIPTOR = {
    **dict.fromkeys(("read", "write", "pread64", "pwrite64", "lseek", "close", "fsync"), 0),
    **dict.fromkeys(("fdatasync", "getdents64", "ioctl", "flock", "fcntl", "fchmod", "fstatfs"), 0),
    **dict.fromkeys(("fsetxattr", "fgetxattr", "flistxattr", "fremovexattr", "ftruncate"), 0),
    **dict.fromkeys(("fallocate", "openat", "openat2", "newfstatat", "mkdirat", "unlinkat"), 0),
    "mknodat": 0,
    **dict.fromkeys(("fchownat", "utimensat", "renameat", "renameat2"), 0),
    **dict.fromkeys(("readlinkat", "fchdir", "openat2", "execveat"), 0),
    "symlinkat": 1,
    "linkat": 2,  # where the new name is to be
    "mmap": 4,
}
# What works on a file system without saying so by a descriptor.
_ON_IT = frozenset(
    ("mount", "fsopen", "fsconfig", "fsmount", "execve", "execveat", "quotactl", "bind", "statfs")
)


def _seen(call: Call, probe: str | None, places: Places) -> Seen:
    path = call.text(_PATH[call.name]) if call.name in _PATH else ""
    return Seen(places.of(call, probe, path), _is_on_it(call, path))


@functools.lru_cache(maxsize=None)
def _elsewhere() -> frozenset[int]:
    """The devices of the file systems that are not the probed one, nor mounted upon it."""
    places = ("/", "/proc", "/sys", "/dev", "/dev/shm", "/run", "/tmp", sys.prefix, sys.base_prefix)
    return frozenset(os.stat(place).st_dev for place in places if os.path.exists(place))


def _is_on_it(call: Call, path: str) -> bool:
    if call.name in _ON_IT:
        return True
    if call.name not in _DESCRIPTOR:
        return False
    try:
        file = os.stat(_held(call, path))
    except OSError:
        return False
    if stat.S_ISBLK(file.st_mode):
        return True  # a loop device, which hands it on
    kinds = (stat.S_ISREG, stat.S_ISDIR, stat.S_ISCHR)
    return any(kind(file.st_mode) for kind in kinds) and file.st_dev not in _elsewhere()


def _held(call: Call, path: str) -> str:
    """What the call works on, or relative to, by what its process holds."""
    if path.startswith("/") and call.name != "linkat":
        return path.replace("/proc/self/", f"/proc/{call.pid}/", 1)
    descriptor = call.arguments[_DESCRIPTOR[call.name]] & 0xFFFFFFFF
    held = "cwd" if descriptor == _AT_FDCWD else f"fd/{descriptor}"
    return f"/proc/{call.pid}/{held}"


def _take(results: int, trial: Trial) -> None:
    with os.fdopen(results, "rb") as pipe:
        os.set_blocking(results, False)
        text = pipe.read()
    if not text:
        return  # the caller was killed
    kind, _, rest = text.decode().partition("\n")
    if kind == "report":
        trial.report = form.load(rest)
    elif kind == "error":
        trial.error = rest
    else:
        trial.bug = rest


def _reap(pid: int, others: set[psutil.Process]) -> None:
    """Wait for the caller, and for what it left to us; others had been our children before."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    while left := set(psutil.Process().children()) - others:
        for child in left:
            os.waitpid(child.pid, 0)


def _be_caller(
    channel: socket.socket, told: int, path: str, asked: Collection[str], options: dict[str, Any]
) -> None:
    """The life of the caller; never returns."""
    text = "bug\n"
    try:
        submit(channel, asked)
        text = _told(path, options)
    except BaseException:
        text = "bug\n" + traceback.format_exc()
    finally:
        with suppress(OSError):
            os.write(told, text.encode())
        os._exit(0)


def _told(path: str, options: dict[str, Any]) -> str:
    try:
        text = "report\n" + form.render(fscaps.survey(path, **options))
    except fscaps.FscapsError as error:
        text = f"error\n{type(error).__name__}: {error}"
    return "bug\na zombie is left to the caller" if _has_zombie() else text


def _has_zombie() -> bool:
    try:
        return os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return False
