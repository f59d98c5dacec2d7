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
_KILL, _STOP = 9, 19  # signal(7); the module costs more to load than it is worth here


class Child:
    """A process that reads a request from ``requests`` and tells events to ``events``."""

    def __init__(self, pid: int, requests: int, events: int) -> None:
        self.pid = pid
        self.events = events
        self._requests: int | None = requests
        self._ended = False

    def ask(self, line: bytes) -> None:
        """Write the one request, and close the pipe; a child that has died is not noticed here."""
        requests = self._take_requests()
        try:
            # Less than a pipe holds (pipe(7): 64 KiB), so this cannot block.
            os.write(requests, line)
        except BrokenPipeError:
            pass
        finally:
            os.close(requests)

    def dismiss(self) -> None:
        """End it, if nothing was asked of it."""
        if self._requests is not None:
            os.close(self._take_requests())
            self.end(1.0)

    def _take_requests(self) -> int:
        requests, self._requests = self._requests, None
        if requests is None:
            raise ValueError("a child takes one request")
        return requests

    def end(self, grace: float) -> bool:
        """Kill it, and wait that many seconds for it to be gone; whether it is."""
        os.close(self.events)
        if not self._has_ended():
            os.kill(self.pid, _KILL)
        return self.wait(grace)

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
        finally:
            os.close(end)

    def _has_ended(self) -> bool:
        if not self._ended:
            try:
                self._ended = os.waitpid(self.pid, os.WNOHANG) != (0, 0)
            except ChildProcessError:  # the caller ignores SIGCHLD, or has reaped it
                self._ended = True
        return self._ended


def start(module: str, python: str | None = None) -> Child:
    """Start a child that runs ``start()`` of that module of this package's ``_sandbox``.

    It has none of our descriptors, and all signals as a process has them at first. Raises
    PlatformError where there is no Python to run, SandboxError where it cannot be started.
    """
    executable = python or sys.executable
    if not executable:
        raise PlatformError("no Python to run the worker with; pass python=")
    package = (__package__ or "").rpartition(".")[0]
    name = f"{package}._sandbox.{module}"
    path = _search_path(package)
    arguments = [executable, "-I", "-S", "-X", "utf8", "-c", _BOOT, name, *path]
    ends: list[int] = []
    try:
        ends += _pipe()
        ends += _pipe()
        pid = _spawn(executable, arguments, ends[0], ends[3])
    except OSError as error:
        for end in ends:
            os.close(end)
        raise SandboxError(f"no worker could be started: {error}") from error
    os.close(ends[0])
    os.close(ends[3])
    return Child(pid, ends[1], ends[2])


def _pipe() -> list[int]:
    """A pipe whose ends are none of 0, 1 and 2, which the caller may have closed."""
    low = os.pipe()
    try:
        return [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 3) for end in low]
    finally:
        for end in low:
            os.close(end)


def _spawn(executable: str, arguments: list[str], reads: int, writes: int) -> int:
    return os.posix_spawn(
        executable,
        arguments,
        os.environ,
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
        try:
            path.append(entry or os.getcwd())
        except OSError:  # the working directory is gone
            continue
    root = os.path.abspath(__file__)
    for _ in range(package.count(".") + 3):
        root = os.path.dirname(root)
    return path if root in path else [*path, root]
