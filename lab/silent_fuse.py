"""A FUSE file system that stops answering, refuses, dawdles or dies on demand."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lab.fuse_server import LIES, OPCODES, Plan
from lab.mounts import mount, mounts_below, unmount_below

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

__all__ = ["OPCODES", "Server", "memory_fuse", "silent_fuse"]

_PATIENCE = 10.0
_TYPE = "fuse.memory"


class Server:
    """The process behind a mounted FUSE file system."""

    def __init__(self, mountpoint: Path, process: subprocess.Popen[bytes]) -> None:
        """Keep hold of a running server."""
        self.mountpoint = mountpoint
        self.process = process

    @property
    def connection(self) -> int:
        """The number under /sys/fs/fuse/connections, found without asking the server."""
        mounts = [found for found in mounts_below(self.mountpoint) if found.type == _TYPE]
        return int(mounts[-1].device.split(":")[1])

    def swallowed(self, timeout: float = _PATIENCE) -> str | None:
        """Wait for the next request that gets no answer: the name of its operation."""
        return self._next_line(timeout)

    def traced(self) -> list[str]:
        """All that was asked since, of a server that says so."""
        assert self.process.stdout is not None
        lines = []
        while select.select([self.process.stdout], [], [], 0)[0]:
            lines.append(self.process.stdout.readline().decode().strip())
        return lines

    def _next_line(self, timeout: float) -> str | None:
        assert self.process.stdout is not None
        if not select.select([self.process.stdout], [], [], timeout)[0]:
            return None
        return self.process.stdout.readline().decode().strip() or None

    def wait_ready(self) -> None:
        """Wait until INIT has been answered: before that nobody's request is even queued."""
        if self._next_line(_PATIENCE) != "ready":
            message = f"the FUSE server of {self.mountpoint} does not start"
            raise RuntimeError(message)

    def stop(self) -> None:
        """Stop reading requests: whoever asks waits, but can be killed."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOWAIT)

    def go_on(self) -> None:
        """Take up reading requests again."""
        self.process.send_signal(signal.SIGCONT)

    def die(self) -> None:
        """End the server: whoever waits gets an error, and so does who asks later (ENOTCONN).

        The kernel aborts the connection with its last open /dev/fuse. Nobody else holds that,
        so no fusectl has to be mounted to release a process in D state.
        """
        self.process.kill()
        self.process.wait(_PATIENCE)


@contextmanager
def memory_fuse(
    mountpoint: Path,
    *,
    silent_at: str | frozenset[str] = frozenset(),
    only: bool = False,
    refuse: Mapping[str, int] | None = None,
    delay: Mapping[str, float] | None = None,
    user: int = 0,
    options: str = "allow_other,default_permissions",
    after: int = 0,
    whole: bool = False,
    trace: bool = False,
    source: str = "memory",
    lies: Collection[str] = (),
    flags: bool = False,
) -> Iterator[Server]:
    """Mount a small file system in memory, behaving as planned; see fuse_server for the plan.

    The kernel is told that ``user`` serves it, and these mount options.
    """
    silent = frozenset({silent_at} if isinstance(silent_at, str) else silent_at)
    wrong = dict(refuse or {}), dict(delay or {})
    plan = Plan(sorted(silent), only, *wrong, after, whole, trace, tuple(lies), flags)
    unknown = {*silent, *plan.refuse, *plan.delay, *lies} - set(OPCODES) - set(LIES)
    if unknown:
        message = f"no such FUSE operation or lie: {', '.join(sorted(unknown))}"
        raise ValueError(message)
    mountpoint = mountpoint.resolve()
    who = f"user_id={user},group_id={user},{options}"
    with ExitStack() as exits:
        exits.callback(unmount_below, mountpoint, mounts_below(mountpoint))
        process = exits.enter_context(_start(mountpoint, plan, source, who))
        server = Server(mountpoint, process)
        exits.callback(server.die)  # first of the three, so that nothing has to wait for it
        if "INIT" not in silent:
            server.wait_ready()
        yield server


@contextmanager
def silent_fuse(
    mountpoint: Path,
    *,
    silent_at: str | None = None,
    answer: frozenset[str] | None = None,
    source: str = "memory",
) -> Iterator[Server]:
    """Mount a file system that falls silent for good.

    Either at one operation, or at the first that is not among those to answer; without
    both at the first after INIT. The request has been read: who asked is in D state, even
    killed, until the server dies. Use `Server.stop` for requests that are not even read.
    """
    if answer is None:
        at = frozenset({silent_at} if silent_at else OPCODES.keys() - {"INIT"})
    else:
        at = frozenset(OPCODES.keys() - answer - {"INIT"})
    with memory_fuse(mountpoint, silent_at=at, source=source) as server:
        yield server


def _start(mountpoint: Path, plan: Plan, source: str, who: str) -> subprocess.Popen[bytes]:
    """Mount first, then start the server: the kernel keeps the first requests for it."""
    device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    try:
        mount(source, mountpoint, _TYPE, 0, f"fd={device},rootmode=40000,{who}")
        script = Path(__file__).with_name("fuse_server.py")
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(script), str(device), json.dumps(plan._asdict())],
            pass_fds=[device],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
    finally:
        os.close(device)
