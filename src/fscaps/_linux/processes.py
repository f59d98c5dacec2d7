"""This process's rights, and helper processes that cannot outlive or block it."""

from __future__ import annotations

import errno
import os
import select
import signal
import time
from typing import TYPE_CHECKING

from . import libc

if TYPE_CHECKING:
    from collections.abc import Callable

_PR_SET_PDEATHSIG = 1

# linux/capability.h, those that a probe may lack
_CAPABILITIES = {
    "CAP_CHOWN": 0,
    "CAP_DAC_OVERRIDE": 1,
    "CAP_DAC_READ_SEARCH": 2,
    "CAP_FOWNER": 3,
    "CAP_FSETID": 4,
    "CAP_SETUID": 7,
    "CAP_LINUX_IMMUTABLE": 9,
    "CAP_SYS_ADMIN": 21,
    "CAP_SYS_RESOURCE": 24,
    "CAP_MKNOD": 27,
    "CAP_SETFCAP": 31,
    "CAP_MAC_ADMIN": 33,
}


class HelperTimeoutError(Exception):
    """A helper process gave no answer in time, and was killed; the text says if that failed."""


class HelperDiedError(Exception):
    """A helper process ended without an answer."""


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends; at once if it already has."""
    libc.call("prctl", _PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def capabilities() -> tuple[str, ...]:
    """The effective capabilities of this process, of those that matter to a probe."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:
        line = next((line for line in status if line.startswith("CapEff:")), "CapEff: 0")
    bits = int(line.split()[1], 16)
    return tuple(name for name, bit in _CAPABILITIES.items() if bits >> bit & 1)


def in_initial_user_namespace() -> bool:
    """Whether this user namespace maps every id to itself, as only the initial one does."""
    try:
        with open("/proc/self/uid_map", encoding="ascii") as table:
            return table.read().split() == ["0", "0", "4294967295"]
    except OSError:
        return True  # a kernel without user namespaces


def in_helper(work: Callable[[], str], seconds: float) -> str:
    """Run the work in a forked process and return its text.

    An OSError raised there is raised here. Raises HelperTimeoutError after that many seconds,
    and HelperDiedError if the process ends without an answer. What a system call may block on
    then blocks the helper, and not us.
    """
    reader, writer = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _answer_and_exit(work, parent, writer)
    os.close(writer)
    try:
        answer = _collect(reader, seconds)
    finally:
        os.close(reader)
        gone = _end(pid)
    if answer is None:
        stuck = "" if gone else f"; process {pid} cannot be killed and was left behind"
        raise HelperTimeoutError(f"a call did not return in time{stuck}")
    return _decoded(answer)


def _answer_and_exit(work: Callable[[], str], parent: int, writer: int) -> None:
    answer = "died"
    try:
        die_with(parent)
        answer = f"ok {work()}"
    except OSError as error:
        answer = f"errno {error.errno} {error.strerror}"
    except Exception as error:
        answer = f"died {type(error).__name__}: {error}"
    finally:
        os.write(writer, answer.encode(errors="backslashreplace")[:4096])
        os._exit(0)


def _collect(reader: int, seconds: float) -> str | None:
    poller = select.poll()
    poller.register(reader, select.POLLIN)
    if not poller.poll(seconds * 1000):
        return None
    return os.read(reader, 4096).decode(errors="replace")


def _end(pid: int) -> bool:
    """Kill and reap; whether that worked. One that cannot be killed is not waited for."""
    os.kill(pid, signal.SIGKILL)
    until = time.monotonic() + 0.5
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        if time.monotonic() > until:
            return False
        time.sleep(0.0005)
    return True


def _decoded(answer: str) -> str:
    kind, _, rest = answer.partition(" ")
    if kind == "ok":
        return rest
    if kind == "errno":
        code, _, text = rest.partition(" ")
        raise OSError(int(code) if code.isdigit() else errno.EIO, text)
    raise HelperDiedError(rest)
