"""A Python process with nothing of ours but two pipes, and its end."""

from __future__ import annotations

import fcntl
import os
import sys
import time

from ..errors import PlatformError, SandboxError

# The child finds the same fscaps, wherever that was imported from, by the caller's module search
# path, and takes over none of the caller's site or environment (-I, -S).
_BOOT = "import sys;sys.path[:]=sys.argv[2:];__import__(sys.argv[1],fromlist='_').start()"
# A frozen application's library is no interpreter's: it has its own, site packages and all.
_BOOT_BESIDE = _BOOT.replace("[:]=sys.argv[2:]", "[:0]=sys.argv[2:]")
# All signals as a process has them at first.
_AS_AT_FIRST = (
    "import signal as s;s.pthread_sigmask(2,[]);"
    "[s.signal(n,0)for n in range(1,32)if n not in(9,19)];"
)
# newuidmap(1) is looked for in PATH, and an interpreter may find its libraries by the other. No
# more: a worker that is somebody else's shows him its environment (/proc/PID/environ).
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH")
_KILL, _STOP = 9, 19  # signal(7); the module costs more to load than it is worth here
_left: dict[int, str] = {}
"""Those that could not be killed, and when each began; the next start() reaps who has ended."""
_PATIENCE = 5.0
"""Seconds for a worker to take its request, where a pipe does not hold it."""


class Child:
    """A process that reads a request from a pipe and tells events to ``events``.

    ``requests`` are both ends of that pipe. As long as we could read from it ourselves, a child
    that has died is no SIGPIPE to who writes to it.
    """

    def __init__(self, pid: int, requests: list[int], events: int) -> None:
        self.pid = pid
        self.events = events
        self._requests = requests
        self._reaped = False
        self.signal: int = 0
        """What has killed it, once wait() has seen it end; 0 if that is not known."""

    def ask(self, line: bytes) -> None:
        """Write the one request, and close the pipe; a child that has died is not noticed here."""
        ends = self._take_requests()
        try:
            fcntl.fcntl(ends[1], fcntl.F_SETFL, os.O_NONBLOCK)
            self._write(ends[1], line)
        finally:
            _close(ends)

    def _write(self, fd: int, line: bytes) -> None:
        until = time.monotonic() + _PATIENCE
        while line:
            try:
                line = line[os.write(fd, line) :]
            except BlockingIOError:  # who has very many pipes has small ones (pipe(7))
                if self._has_ended() or time.monotonic() > until:
                    return
                time.sleep(0.001)

    def dismiss(self) -> None:
        """End it, if nothing was asked of it."""
        if self._requests:
            _close(self._take_requests())
            self.end(1.0)

    def _take_requests(self) -> list[int]:
        requests, self._requests = self._requests, []
        if not requests:
            raise ValueError("a child takes one request")
        return requests

    def end(self, grace: float) -> bool:
        """Kill it and its helpers, wait that many seconds for it to be gone, reap; whether it is.

        Not if somebody else has reaped it: its number may be another's by now.
        """
        os.close(self.events)
        until = time.monotonic() + grace
        self._kill()
        gone = self.wait(grace)
        self._reap(until)
        if not gone:
            _left[self.pid] = _began(self.pid)
        return gone

    def _kill(self) -> None:
        try:
            self._look()
            os.kill(self.pid, _KILL)
            os.killpg(self.pid, _KILL)  # its helpers are in it since it has a group of its own
        except OSError:  # nobody of them is left
            return

    def _reap(self, until: float) -> None:
        """Reap it, and its helpers where they have become ours: in process 1, or a subreaper."""
        for who in (self.pid, -self.pid):
            while not _is_reaped(who) and time.monotonic() < until:
                time.sleep(0.001)

    def wait(self, seconds: float) -> bool:
        """Whether it ends within that time."""
        until = time.monotonic() + seconds
        while True:
            last = time.monotonic() > until  # asked first, for we may not run for a while
            if self._has_ended():
                return True
            if last:
                return False
            self._linger(max(until - time.monotonic(), 0))

    def is_gone(self) -> bool:
        """Whether it has ended since end() gave it up; it is reaped then."""
        ended = self._has_ended()
        if ended:
            self._reap(time.monotonic())
        return ended

    def _linger(self, seconds: float) -> None:
        """Wait until it ends, but no longer than that; a moment where the kernel does not tell."""
        try:
            end = os.pidfd_open(self.pid)
        except (AttributeError, OSError):  # before Linux 5.3, in a container, no descriptor left
            time.sleep(0.001)
            return
        from select import POLLIN, poll  # noqa: PLC0415 - loaded by then, but not at the start

        try:
            told = poll()
            told.register(end, POLLIN)
            told.poll(seconds * 1000)
        except OSError:  # a seccomp filter denies it
            time.sleep(0.001)
        finally:
            os.close(end)

    def _has_ended(self) -> bool:
        try:
            return self._look()
        except ChildProcessError:  # the caller ignores SIGCHLD, or has reaped it
            return True

    def _look(self) -> bool:
        """Whether it has ended. It is not reaped yet, so that its number stays its own.

        Raises ChildProcessError if it is no child of ours any more.
        """
        if self._reaped:
            raise ChildProcessError
        try:
            ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            raise
        except OSError:  # a seccomp filter denies it
            return self._reap_early()
        if ended and ended.si_code != os.CLD_EXITED:
            self.signal = ended.si_status
        return ended is not None

    def _reap_early(self) -> bool:
        """Whether it has ended: by waitpid(2), after which it is not touched any more."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        self._reaped = bool(pid)
        self.signal = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        return self._reaped


def _is_reaped(who: int) -> bool:
    """Reap who has ended of a process, or of a group; whether nobody is left that we can reap."""
    try:
        while os.waitpid(who, os.WNOHANG) != (0, 0):
            pass
    except OSError:  # there is none; or a seccomp filter denies it
        return True
    return False


def _reap_left() -> None:
    """Reap who was left behind and has ended; a number may have become another child's."""
    for pid, began in list(_left.items()):
        if _began(pid) != began or _is_reaped(pid):
            _left.pop(pid, None)


def _began(pid: int) -> str:
    """When a process started; empty if there is none."""
    from .._linux import system  # noqa: PLC0415 - seldom wanted

    try:
        return system.process_start(pid)
    except OSError:
        return ""


def start(module: str, python: str | None = None) -> Child:
    """Start a child that runs ``start()`` of that module of this package's ``_sandbox``.

    It has none of our descriptors, and all signals as a process has them at first. Raises
    PlatformError where there is no Python to run, SandboxError where it cannot be started.
    """
    _reap_left()
    executable = python or sys.executable
    frozen = getattr(sys, "frozen", False)  # as PyInstaller and cx_Freeze say
    if not executable:
        raise PlatformError("no Python to run the worker with; pass python=")
    if frozen and not python:  # it would start the application once more
        raise PlatformError("this application is frozen, and is no Python; pass python=")
    package = (__package__ or "").rpartition(".")[0]
    path = _search_path(package)
    how = ["-c", _BOOT_BESIDE] if frozen else ["-S", "-c", _BOOT]
    found = [_unpacked(package, path)] if frozen else path
    arguments = [executable, "-I", "-X", "utf8", *how, f"{package}._sandbox.{module}", *found]
    passed = _ENVIRONMENT[:1] if frozen else _ENVIRONMENT  # its libraries are not for others
    environment = {name: os.environ[name] for name in passed if name in os.environ}
    ends: list[int] = []
    try:
        ends += _pipe()
        ends += _pipe()
        pid = _spawn(arguments, environment, ends[0], ends[3])
    except (OSError, ValueError) as error:
        _close(ends)
        raise SandboxError(f"no worker could be started: {error}") from error
    except BaseException:  # an audit hook's, or Ctrl-C
        _close(ends)
        raise
    os.close(ends[3])
    return Child(pid, ends[:2], ends[2])


def _close(ends: list[int]) -> None:
    for end in ends:
        os.close(end)


def _pipe() -> list[int]:
    """A pipe whose ends are none of 0, 1 and 2, which the caller may have closed."""
    low = os.pipe()
    high: list[int] = []
    try:
        high.extend(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 3) for end in low)
    except OSError:
        _close(high)
        raise
    finally:
        _close(list(low))
    return high


def _spawn(arguments: list[str], environment: dict[str, str], reads: int, writes: int) -> int:
    try:
        return _spawned(arguments, environment, reads, writes)
    except PermissionError:
        return _forked(arguments, environment, reads, writes)


def _forked(arguments: list[str], environment: dict[str, str], reads: int, writes: int) -> int:
    """Without clone3(2), which Docker before 20.10.10 denies (EPERM) as it does not know it.

    posix_spawn(3) of glibc 2.34 makes do with clone(2) only where the kernel lacks the other.
    """
    import subprocess  # noqa: PLC0415 - seldom wanted

    at = arguments.index("-c") + 1
    again = [*arguments[:at], _AS_AT_FIRST + arguments[at], *arguments[at + 1 :]]
    process = subprocess.Popen(  # noqa: S603 - what _spawned() would start
        again, stdin=reads, stdout=writes, stderr=writes, env=environment
    )
    process.returncode = 0  # it is ours to reap, not that object's
    return process.pid


def _spawned(arguments: list[str], environment: dict[str, str], reads: int, writes: int) -> int:
    return os.posix_spawn(
        arguments[0],
        arguments,
        environment,
        file_actions=[
            (os.POSIX_SPAWN_DUP2, reads, 0),
            (os.POSIX_SPAWN_DUP2, writes, 1),
            (os.POSIX_SPAWN_DUP2, writes, 2),
        ],
        setsigmask=[],
        setsigdef=[number for number in range(1, 32) if number not in (_KILL, _STOP)],
    )


def _search_path(package: str) -> list[str]:
    path = []
    for entry in sys.path:
        if not isinstance(entry, str):  # which Python passes over, too
            continue
        try:
            path.append(entry or os.getcwd())
        except OSError:  # the working directory is gone
            continue
    root = os.path.abspath(__file__)
    for _ in range(package.count(".") + 3):
        root = os.path.dirname(root)
    return path if root in path else [*path, root]


def _unpacked(package: str, path: list[str]) -> str:
    """Where an interpreter finds our source files, which a frozen application may have packed."""
    file = os.path.join(*package.split("."), "_sandbox", "boot.py")
    for entry in path:
        if os.path.isfile(os.path.join(entry, file)):
            return entry
    raise PlatformError(f"this application is frozen, and without the source files of {package}")
