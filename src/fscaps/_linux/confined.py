"""Run a program that somebody else may have put there.

Whoever serves the file system, or can write to it, decides what is read when we execute a file of
ours. So the kernel (seccomp(2)) lets the program do nothing but ask its uid and end, with
little memory, for a short time, and without capabilities.
"""

from __future__ import annotations

import errno
import os
import struct
import sys

from . import calls, libc
from .directory import read_all
from .libc import naming
from .processes import drop_bounding_set

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_KILL, _FILTER = 9, 2
# linux/audit.h, and what may be called (asm/unistd.h): our one execveat, geteuid, exit; and for
# us, where that fails: write, exit_group, mmap, munmap, brk. Nothing that waits.
_GENERIC = (281, 175, 93, 64, 94, 222, 215, 214)
_MACHINES = {
    libc.X86_64: (0xC000003E, (322, 107, 60, 1, 231, 9, 11, 12)),
    libc.AARCH64: (0xC00000B7, _GENERIC),
    libc.RISCV64: (0xC00000F3, _GENERIC),
    libc.PPC64: (0xC0000015, (362, 49, 1, 4, 234, 90, 91, 45)),  # little-endian
    libc.S390X: (0x80000016, (354, 201, 1, 4, 248, 90, 91, 45)),
    libc.ARM: (0x40000028, (387, 201, 1, 4, 248, 192, 91, 45)),
    libc.I386: (0x40000003, (358, 201, 1, 4, 252, 192, 91, 45)),
}
# linux/filter.h, linux/seccomp.h
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _KILL_PROCESS = 0x7FFF0000, 0x80000000
_NEXT, _ALLOWED, _KILLED = range(3)
# Where the halves of the second argument lie in struct seccomp_data.
_LOW, _HIGH = (24, 28) if sys.byteorder == "little" else (28, 24)
_AT_FDCWD, _AT_EMPTY_PATH = -100, 0x1000
_RLIMIT_CPU, _RLIMIT_AS = 0, 9  # asm-generic/resource.h
_LIMITS = struct.Struct("@LL")  # of now, and at most
_LONGEST = 32  # bytes of a name in /proc/self/fd
_CPU_SECONDS = 1
_SECONDS = 10
"""For all: a page of it may never come, and a setuid one does not die with its parent."""
_ROOM = 8 << 20
"""Bytes of address space that it may take beyond what this process has."""


class _Execution:
    """execveat(2) of a file, as the filter knows it: by the address of its empty path.

    The program could ask for it again, but has neither the descriptor nor a path at that address.
    """

    def __init__(self, fd: int) -> None:
        import ctypes  # noqa: PLC0415 - as in libc

        self._fd = fd
        self._path = ctypes.create_string_buffer(_LONGEST)
        self._name = ctypes.create_string_buffer(b"program")
        self._list = (ctypes.c_void_p * 2)(ctypes.addressof(self._name), None)
        path, arguments = ctypes.addressof(self._path), ctypes.addressof(self._list)
        no_environment = arguments + struct.calcsize("P")
        self.audit, (self.number, *self.others) = _machine()
        self.arguments = (fd, path, arguments, no_environment, _AT_EMPTY_PATH)

    def marks(self) -> tuple[tuple[int, int], ...]:
        """Where in struct seccomp_data is what."""
        path = self.arguments[1]
        return (_LOW, path & 0xFFFFFFFF), (_HIGH, path >> 32)

    def by_name(self) -> tuple[int, ...]:
        """The arguments by the file's name in /proc, which is put where the empty path was.

        TOMOYO looks up /dev/fd/N, as it sees an empty path, which not every /dev has: ENOENT.
        (Linux 5.10 security/tomoyo/domain.c:tomoyo_find_next_domain)
        """
        self._path.value = f"/proc/self/fd/{self._fd}".encode()
        return (_AT_FDCWD, *self.arguments[1:4], 0)


class UnconfinedError(Exception):
    """This kernel, or this machine, gives no way to run a program safely."""


class NotRunError(Exception):
    """No process could be had to run it in; the text says why."""


class Ended:
    """How a program ended: its exit status (-signal if killed), and why it could gain no rights.

    A process that is not privileged in its user namespace can run one only with no_new_privs,
    which takes the setuid bit's effect away; else that is empty.
    """

    def __init__(self, status: int, modest: str = "") -> None:
        self.status = status
        self.modest = modest


def execute(fd: int) -> Ended:
    """Run it to its end. Raises OSError if it cannot be executed, UnconfinedError, NotRunError.

    ``fd`` is a descriptor of the file that is closed on execve(2), O_PATH is enough.
    """
    execution = _Execution(fd)
    rules = _rules(execution)
    try:
        said, status = _run(execution, rules)
    except OSError as error:  # of pipe(2), fork(2), waitpid(2): it says nothing of the program
        raise NotRunError(error.strerror) from None
    modest = ""
    for step, code, words in (line.split(" ", 2) for line in said):
        if step == "confine":
            raise UnconfinedError(f"it cannot be confined: {words}")
        if step == "execveat":
            raise OSError(int(code), f"execveat: {os.strerror(int(code))}")
        modest = words
    ended = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
    return Ended(ended, modest)


def execute_nothing() -> None:
    """Ask for execveat(2) without a path, which fails (EFAULT)."""
    libc.call("syscall", _machine()[1][0], -1, None, None, None, 0)


def _run(execution: _Execution, rules: bytes) -> tuple[list[str], int]:
    """What the process told before it became the program, and how it ended (wait(2))."""
    failure, told = calls.pipe()
    pid = calls.fork()
    if pid == 0:
        _become(execution, rules, told)
    calls.close(told)
    try:
        said = read_all(failure, 512).decode().splitlines()
    finally:
        calls.close(failure)
        status = calls.waitpid(pid, 0)[1]
    return said, status


def _machine() -> tuple[int, tuple[int, ...]]:
    audit, allowed = _MACHINES.get(libc.abi(), (0, ()))
    if not audit:
        raise UnconfinedError(
            "no seccomp filter for this machine, or none is told (/proc/self/exe)"
        )
    return audit, allowed


def _rules(execution: _Execution) -> bytes:
    """The filter, as instructions of the classic BPF."""
    rules = [
        (_LOAD, _NEXT, _NEXT, 4),  # struct seccomp_data: arch
        (_EQUAL, _NEXT, _KILLED, execution.audit),
        (_LOAD, _NEXT, _NEXT, 0),  # nr
        *((_EQUAL, _ALLOWED, _NEXT, number) for number in execution.others),
        (_EQUAL, _NEXT, _KILLED, execution.number),
    ]
    for where, what in execution.marks():
        rules += [(_LOAD, _NEXT, _NEXT, where), (_EQUAL, _NEXT, _KILLED, what)]
    rules += [(_RETURN, _NEXT, _NEXT, _ALLOW), (_RETURN, _NEXT, _NEXT, _KILL_PROCESS)]
    return b"".join(_instruction(rule, len(rules) - at) for at, rule in enumerate(rules))


def _instruction(rule: tuple[int, int, int, int], left: int) -> bytes:
    """A struct sock_filter; the last two of those that are left allow and kill."""
    code, yes, no, value = rule
    jumps = {_NEXT: 0, _ALLOWED: left - 3, _KILLED: left - 2}
    return struct.pack("=HBBI", code, max(jumps[yes], 0), max(jumps[no], 0), value)


def _become(execution: _Execution, rules: bytes, told: int) -> NoReturn:
    """Turn this process into the program."""
    step = "confine"
    try:
        libc.call("prctl", _PR_SET_PDEATHSIG, _KILL, 0, 0, 0)
        drop_bounding_set()
        _limit(_used() + _ROOM)
        for standard in (0, 1, 2):  # the supervisor's pipes are not for it to write to
            with naming("ioctl"):
                os.set_inheritable(standard, False)
        _install(rules, told)
        step = "execveat"
        try:
            libc.call("syscall", execution.number, *execution.arguments)
        except FileNotFoundError:
            libc.call("syscall", execution.number, *execution.by_name())
    except OSError as error:
        calls.write(told, _line(step, error))
    except Exception:  # of memory: the program must not seem to have ended so
        calls.write(told, _line("confine", OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))))
    finally:
        os._exit(127)


def _line(step: str, error: OSError) -> bytes:
    """How a step failed; the error names the call."""
    return f"{step} {error.errno} {error.strerror}\n".encode()


def _used() -> int:
    """Bytes of address space that this process has."""
    with naming("/proc/self/statm"), open("/proc/self/statm", "rb") as sizes:
        return int(sizes.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def _limit(most: int) -> None:
    """Not by the resource module: another user, whom we may be by now, may not be let load it."""
    import ctypes  # noqa: PLC0415 - as in libc

    limits = ctypes.create_string_buffer(_LIMITS.size)
    libc.call("getrlimit", _RLIMIT_AS, ctypes.addressof(limits))
    room = min(most, _LIMITS.unpack(limits.raw)[1])
    libc.call("setrlimit", _RLIMIT_AS, _LIMITS.pack(room, room))
    libc.call("setrlimit", _RLIMIT_CPU, _LIMITS.pack(_CPU_SECONDS, _CPU_SECONDS))
    libc.call("alarm", _SECONDS)


def _install(rules: bytes, told: int) -> None:
    import ctypes  # noqa: PLC0415 - as in libc

    code = ctypes.create_string_buffer(rules)
    program = struct.pack("@HP", len(rules) // 8, ctypes.addressof(code))
    try:
        libc.call("prctl", _PR_SET_SECCOMP, _FILTER, program, 0, 0)
    except PermissionError as error:
        libc.call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        calls.write(told, _line("modest", error))
        libc.call("prctl", _PR_SET_SECCOMP, _FILTER, program, 0, 0)
