"""The system calls of a process and of all that it starts, asked of us first (seccomp_unotify(2)).

All of them, or some by name. Each waits in the kernel until it is let through, made to fail, or its
process killed. The kernel says when the last process under watch is gone: nobody can slip away.
"""

from __future__ import annotations

import ctypes
import fcntl
import functools
import os
import re
import select
import signal
import socket
import struct
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_libc = ctypes.CDLL(None, use_errno=True)

# linux/seccomp.h, linux/filter.h
_SECCOMP = {"x86_64": 317, "aarch64": 277}.get(os.uname().machine, -1)
_SENDMSG = {"x86_64": 46, "aarch64": 211}.get(os.uname().machine, -1)
_SET_MODE_FILTER, _NEW_LISTENER, _WAIT_KILLABLE = 1, 1 << 3, 1 << 5
_RECEIVE, _SEND, _SET_FLAGS = 0xC0502100, 0xC0182101, 0x40082104
_CONTINUE = 1
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ASK = 0x7FFF0000, 0x7FC00000

TELLING = frozenset(
    {
        *("write", "clone", "clone3", "fork", "vfork", "set_robust_list"),
        *("execve", "execveat", "exit_group"),
    }
)
"""Calls that are asked of us always: what the worker says, and each process as it starts and ends.

A thread, and a process that fork(3) makes, begins with set_robust_list(2) (glibc), another with
execve(2).
"""


class Call(NamedTuple):
    """One system call that waits for leave."""

    process: int  # in order of appearance: 0 the first, 1 the first that it started, …
    nth: int  # of this call among those of its process
    number: int
    pid: int
    arguments: tuple[int, ...]
    id: int

    @property
    def name(self) -> str:
        """Its name."""
        return names().get(self.number, f"syscall {self.number}")

    def memory(self, address: int, length: int) -> bytes:
        """What the caller has there."""
        with open(f"/proc/{self.pid}/mem", "rb", buffering=0) as memory:
            return os.pread(memory.fileno(), length, address)

    def text(self, argument: int) -> str:
        """The string that an argument points to; empty where it points to none."""
        try:
            found = self.memory(self.arguments[argument], 256)
        except (OSError, OverflowError, ValueError):
            return ""
        return os.fsdecode(found.split(b"\0", 1)[0])


def available() -> bool:
    """Whether this kernel lets root watch system calls so (Linux 5.19), and we know its numbers."""
    release = tuple(int(part) for part in re.findall(r"\d+", os.uname().release)[:2])
    return os.geteuid() == 0 and release >= (5, 19) and _SECCOMP > 0 and bool(names())


@functools.lru_cache(maxsize=None)
def names() -> dict[int, str]:
    """The system calls of this machine by number, as the C library's headers have them."""
    found: dict[int, str] = {}
    for header in Path("/usr/include").glob("**/asm/unistd_64.h"):
        for line in re.finditer(r"#define __NR_(\w+) (\d+)", header.read_text()):
            found[int(line[2])] = line[1]
    return found


def submit(channel: socket.socket, asked: Collection[str] = ()) -> None:
    """Come under watch, for good, together with all that this process will start.

    Of all calls, or of those of these names and what is TELLING.
    """
    listener = _install(_filter(asked))
    socket.send_fds(channel, [b"."], [listener])  # sendmsg(2): the one call that is not asked
    os.close(listener)
    channel.recv(1)


def _filter(asked: Collection[str]) -> list[tuple[int, int, int, int]]:
    start = [(_LOAD, 0, 0, 0), (_EQUAL, 0, 1, _SENDMSG), (_RETURN, 0, 0, _ALLOW)]
    if not asked:
        return [*start, (_RETURN, 0, 0, _ASK)]
    numbers = [number for number, name in names().items() if name in TELLING.union(asked)]
    to_ask = range(len(numbers), 0, -1)
    chosen = [(_EQUAL, skip, 0, number) for skip, number in zip(to_ask, numbers)]
    return [*start, *chosen, (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _ASK)]


def _install(instructions: list[tuple[int, int, int, int]]) -> int:
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *one) for one in instructions))
    program = struct.pack("<HxxxxxxQ", len(instructions), ctypes.addressof(code))
    flags = _NEW_LISTENER | _WAIT_KILLABLE
    listener: int = _libc.syscall(_SECCOMP, _SET_MODE_FILTER, flags, ctypes.c_char_p(program))
    if listener < 0:
        raise OSError(ctypes.get_errno(), "seccomp")
    return listener


class Watch:
    """The other end: the calls as they come, each to be answered before the next."""

    def __init__(self, channel: socket.socket) -> None:
        _, (self._listener,), _, _ = socket.recv_fds(channel, 1, 1)
        channel.send(b".")
        self._counts: dict[int, int] = {}
        self._order: dict[int, int] = {}
        self._wake_up_at_once()
        self._poll = select.poll()
        self._poll.register(self._listener, select.POLLIN)

    def _wake_up_at_once(self) -> None:
        try:
            fcntl.ioctl(self._listener, _SET_FLAGS, 1)  # Linux 6.6: saves a third of the time
        except OSError:
            return

    def calls(self, seconds: float) -> Iterator[Call]:
        """Each call; the end when no process is left. TimeoutError if none came for so long."""
        while True:
            events = self._poll.poll(seconds * 1000)
            if not events:
                raise TimeoutError
            if events[0][1] & select.POLLIN:
                call = self._receive()
                if call:
                    yield call
            elif events[0][1] & select.POLLHUP:
                return

    def _receive(self) -> Call | None:
        answer = bytearray(80)
        try:
            fcntl.ioctl(self._listener, _RECEIVE, answer)
        except FileNotFoundError:  # it was killed before we had read it
            return None
        identity, pid, _, number = struct.unpack_from("=QIIi", answer)
        process = self._order.setdefault(pid, len(self._order))
        nth = self._counts[pid] = self._counts.get(pid, -1) + 1
        return Call(process, nth, number, pid, struct.unpack_from("=6Q", answer, 32), identity)

    def renumber(self, call: Call, process: int) -> None:
        """Count the calls of that process from the next one on anew, as that process."""
        self._order[call.pid] = process
        self._counts[call.pid] = -1

    def kill(self, process: int) -> None:
        """SIGKILL, if it has appeared; a call that waits for leave is then never made."""
        for pid, order in self._order.items():
            if order == process:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def kill_all(self) -> None:
        """SIGKILL to all that ever appeared."""
        for process in set(self._order.values()):
            self.kill(process)

    def let(self, call: Call) -> None:
        """Let it happen."""
        self._answer(call, 0, _CONTINUE)

    def fail(self, call: Call, error: int) -> None:
        """Have it return with this errno, undone."""
        self._answer(call, -error, 0)

    def _answer(self, call: Call, error: int, flags: int) -> None:
        try:
            fcntl.ioctl(self._listener, _SEND, struct.pack("=QqiI", call.id, 0, error, flags))
        except FileNotFoundError:  # it has been killed meanwhile
            return

    def close(self) -> None:
        """Let go: every call of whoever is still there fails from now on (ENOSYS)."""
        os.close(self._listener)
