"""This process's rights, and helper processes that cannot outlive or block it."""

from __future__ import annotations

import codecs
import errno
import os
import select
import struct
import time
from contextlib import suppress

from . import calls, libc
from .libc import naming

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_CAPBSET_DROP = 24
_KILL = 9  # signal(7); the module costs more to load than it is worth here

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


# Besides those, what our own doings take: ending a helper that became somebody else, and groups.
_KEPT = sum(1 << bit for bit in (*_CAPABILITIES.values(), 5, 6, 32))  # KILL, SETGID, MAC_OVERRIDE
_CAPABILITY_VERSION = 0x20080522
_SETS = struct.Struct("=6I")  # effective, permitted, inheritable; then the upper halves
_ANSWER_LIMIT = 4080
"""Bytes; with its length before it a pipe takes it whole (pipe(7): PIPE_BUF)."""
_LONGEST = 1e6
"""Seconds that poll(2) can be given."""


class HelperTimeoutError(Exception):
    """A helper process gave no answer in time, and was killed; the text says if that failed."""


class HelperDiedError(Exception):
    """A helper process ended without an answer."""


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends; at once if it already has."""
    libc.call("prctl", _PR_SET_PDEATHSIG, _KILL, 0, 0, 0)
    if os.getppid() not in (parent, 0):  # 0: it is of another pid namespace (getpid(2))
        os._exit(1)


def become(uid: int, gid: int, *groups: int) -> None:
    """Be another user for good, one whose own namespaces may be mapped; in /.

    What Python loads late is loaded first: he may have no access to where it lies. Nor to where we
    stand, which /proc/PID/cwd would give him.
    """
    codecs.lookup("ascii")
    os.chdir("/")
    os.setgroups(groups)
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    libc.call("prctl", _PR_SET_DUMPABLE, 1, 0, 0, 0)


def leave_no_core() -> None:
    """Have no memory image written of this process should a signal end it (core(5))."""
    libc.call("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)


def capabilities() -> tuple[str, ...]:
    """The effective capabilities of this process, of those that matter to a probe."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:
        line = next((line for line in status if line.startswith("CapEff:")), "CapEff: 0")
    bits = int(line.split()[1], 16)
    return tuple(name for name, bit in _CAPABILITIES.items() if bits >> bit & 1)


def drop_capabilities() -> None:
    """Give up what no probe takes: this process then traces, reboots and loads nothing any more.

    Nor does what it executes, be it root's.
    """
    import ctypes  # noqa: PLC0415 - as in libc

    drop_bounding_set()
    header = struct.pack("=Ii", _CAPABILITY_VERSION, 0)
    sets = ctypes.create_string_buffer(_SETS.size)
    libc.call("capget", header, ctypes.addressof(sets))
    halves = [_KEPT & 0xFFFFFFFF] * 2 + [0] + [_KEPT >> 32] * 2 + [0]
    kept = (had & half for had, half in zip(_SETS.unpack(sets.raw), halves))
    libc.call("capset", header, _SETS.pack(*kept))


def drop_bounding_set() -> None:
    """See to it that execve(2) gives no capability, where this process may (CAP_SETPCAP).

    A new user namespace has all of them again (kernel/user_namespace.c:set_cred_user_ns).
    """
    for capability in range(64):
        try:
            libc.call("prctl", _PR_CAPBSET_DROP, capability, 0, 0, 0)
        except OSError:  # EPERM, or EINVAL after the last that this kernel knows
            return


def signal_name(number: int) -> str:
    """As signal(7) has it."""
    import signal  # noqa: PLC0415 - seldom wanted

    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def files_are_limited() -> bool:
    """Whether no file of this process may grow beyond a size of its own (setrlimit(2))."""
    import resource  # noqa: PLC0415 - seldom wanted

    return resource.getrlimit(resource.RLIMIT_FSIZE)[0] != resource.RLIM_INFINITY


def in_initial_user_namespace() -> bool:
    """Whether this user namespace maps every id to itself, as only the initial one does."""
    try:
        with open("/proc/self/uid_map", encoding="ascii") as table:
            return table.read().split() == ["0", "0", "4294967295"]
    except OSError:
        return True  # a kernel without user namespaces


class Helper:
    """A forked process that answers one question after another, and may block or die of it."""

    def __init__(self, serve: Callable[[str], str]) -> None:
        """Fork; the process will answer each question by ``serve``."""
        theirs, self._questions = calls.pipe()
        self._answers, ours = calls.pipe()
        parent = os.getpid()
        self._pid = calls.fork()
        if self._pid == 0:
            _serve(serve, parent, theirs, ours, self._questions)
        calls.close(theirs)
        calls.close(ours)
        self._gone = False
        self._status = 0
        self.lost: Exception | None = None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._pid

    def ask(self, question: str, seconds: float) -> str:
        """The answer. An OSError raised in answering is raised here.

        Raises HelperTimeoutError after that many seconds, and HelperDiedError if the process ends
        without an answer; then at every later question, too.
        """
        self.send(question)
        return self.receive(seconds)

    def send(self, question: str) -> None:
        """Put a question, and do not wait for the answer, which receive() returns."""
        if self.lost:
            raise self.lost
        try:
            with suppress(BrokenPipeError):  # it has ended, and may have said why
                calls.write(self._questions, question.encode() + b"\n")
        except OSError as error:  # of the pipe, so it says nothing of what was asked
            self.lost = HelperDiedError(str(error))
            raise self.lost from None

    def has_answered(self) -> bool:
        """Whether receive() would return at once."""
        return _is_ready(self._answers, 0)

    def receive(self, seconds: float) -> str:
        """The answer to what was sent; see ask()."""
        try:
            answer = _collect(self._answers, seconds)
        except OSError as error:  # of the pipe
            answer = f"died {error}"
        if answer is None:
            stuck = "" if self.end() else f"; process {self._pid} cannot be killed and stays"
            self.lost = HelperTimeoutError(f"a call did not return in time{stuck}")
            raise self.lost
        return self._decoded(answer)

    def _decoded(self, answer: str) -> str:
        kind, _, rest = (answer or f"died {self._ending()}").partition(" ")
        if kind == "ok":
            return rest
        if kind == "errno":
            code, _, text = rest.partition(" ")
            raise OSError(int(code) if code.isdigit() else errno.EIO, text)
        self.lost = HelperDiedError(rest or "no answer came")
        raise self.lost

    def _ending(self) -> str:
        """How it ended that gave no answer."""
        if not self.end():
            return "without a word, and cannot be reaped"
        if not os.WIFSIGNALED(self._status):
            return "without a word"
        return f"killed by {signal_name(os.WTERMSIG(self._status))}"

    def dismiss(self) -> None:
        """Let it end by itself, unwaited for: taking down its namespaces can take its time."""
        calls.close(self._questions)
        calls.close(self._answers)

    def end(self) -> bool:
        """Kill and reap; whether that worked. One that cannot be killed is not waited for."""
        try:
            if not self._gone:
                calls.kill(self._pid, _KILL)
                self._gone = self._reaped()
        except OSError:  # which is no answer to what was asked
            return False
        return self._gone

    def _reaped(self) -> bool:
        until = time.monotonic() + 0.5
        while True:
            last = time.monotonic() > until  # asked first, for we may not run for a while
            ended, self._status = calls.waitpid(self._pid, os.WNOHANG)
            if ended:
                return True
            if last:
                return False
            time.sleep(0.0002)


def in_helper(work: Callable[[], str], seconds: float) -> str:
    """Do one thing in a helper and return its answer; see Helper.ask()."""
    try:
        helper = Helper(lambda _: work())
    except OSError as error:  # of pipe(2) or fork(2), which says nothing of the work
        raise HelperDiedError(f"none could be started: {error.strerror}") from None
    try:
        return helper.ask("", seconds)
    finally:
        helper.dismiss()


def reap(seconds: float) -> None:
    """Wait that long for the helpers that were dismissed, or who reaps orphans has to."""
    until = time.monotonic() + seconds
    while True:
        last = time.monotonic() > until
        try:
            ended, _ = os.waitpid(-1, os.WNOHANG)
        except OSError:  # there is none any more
            return
        if not ended and last:
            return
        if not ended:
            time.sleep(0.0002)


def _serve(
    serve: Callable[[str], str], parent: int, questions: int, answers: int, asker: int
) -> None:
    """The life of a helper; never returns, or there would be two of its parent."""
    try:
        calls.close(asker)
        die_with(parent)
        while True:
            question = calls.read(questions, 4096).decode()
            if not question:
                return
            answer = _answer(serve, question.rstrip("\n"))
            calls.write(answers, _framed(answer))
    except OSError as error:
        calls.write(answers, _framed(f"died {error}"))
    finally:
        os._exit(0)


def _answer(serve: Callable[[str], str], question: str) -> str:
    try:
        return f"ok {serve(question)}"
    except OSError as error:
        return f"errno {error.errno} {error.strerror}"
    except Exception as error:
        return f"died {type(error).__name__}: {error}"


def _framed(answer: str) -> bytes:
    """With its length, for it may have lines and another may follow."""
    body = answer.encode(errors="backslashreplace")[:_ANSWER_LIMIT]
    return b"%d %s" % (len(body), body)


def _collect(reader: int, seconds: float) -> str | None:
    """The next answer; empty if none comes any more, None if none came in time."""
    if not _is_ready(reader, seconds):
        return None
    size, _, body = calls.read(reader, 4096).partition(b" ")
    return body[: int(size)].decode(errors="replace") if size.isdigit() else ""


def _is_ready(reader: int, seconds: float) -> bool:
    poller = select.poll()
    poller.register(reader, select.POLLIN)
    with naming("poll"):
        return bool(poller.poll(min(seconds, _LONGEST) * 1000))
