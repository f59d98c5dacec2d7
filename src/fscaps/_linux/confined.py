"""Run a program that somebody else may have put there.

Whoever serves the file system, or can write to it, decides what is read when we execute a file of
ours. So the kernel (seccomp(2)) lets the program do nothing but ask its uid and end.
"""

from __future__ import annotations

import os
import struct

from . import calls, libc
from .directory import read_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_KILL, _FILTER = 9, 2
# linux/audit.h, and what may be called (asm/unistd.h): execve, geteuid, exit;
# and for us, where execve fails: write, exit_group, mmap, munmap, brk.
_GENERIC = (221, 175, 93, 64, 94, 222, 215, 214)
_MACHINES = {
    libc.X86_64: (0xC000003E, (59, 107, 60, 1, 231, 9, 11, 12)),
    libc.AARCH64: (0xC00000B7, _GENERIC),
    libc.RISCV64: (0xC00000F3, _GENERIC),
    libc.PPC64: (0xC0000015, (11, 49, 1, 4, 234, 90, 91, 45)),  # little-endian
    libc.S390X: (0x80000016, (11, 201, 1, 4, 248, 90, 91, 45)),
    libc.ARM: (0x40000028, (11, 201, 1, 4, 248, 192, 91, 45)),
    libc.I386: (0x40000003, (11, 201, 1, 4, 252, 192, 91, 45)),
}
# linux/filter.h, linux/seccomp.h
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _KILL_PROCESS = 0x7FFF0000, 0x80000000
_RLIMIT_CPU, _CPU_SECONDS = 0, 1


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


def execute(path: bytes) -> Ended:
    """Run it to its end. Raises OSError where execve(2) fails, UnconfinedError and NotRunError."""
    rules = _rules()
    try:
        said, status = _run(path, rules)
    except OSError as error:  # of pipe(2), fork(2), waitpid(2): it says nothing of the program
        raise NotRunError(error.strerror) from None
    modest = ""
    for step, code in (line.split() for line in said):
        words = os.strerror(int(code))
        if step == "confine":
            raise UnconfinedError(f"no seccomp filter: {words}")
        if step == "execve":
            raise OSError(int(code), f"execve: {words}")
        modest = f"prctl: {words}"
    ended = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
    return Ended(ended, modest)


def _run(path: bytes, rules: bytes) -> tuple[list[str], int]:
    """What the process told before it became the program, and how it ended (wait(2))."""
    failure, told = calls.pipe()
    pid = calls.fork()
    if pid == 0:
        _become(path, rules, told)
    calls.close(told)
    try:
        said = read_all(failure, 64).decode().splitlines()
    finally:
        calls.close(failure)
        status = calls.waitpid(pid, 0)[1]
    return said, status


def _rules() -> bytes:
    """The filter, as instructions of the classic BPF."""
    audit, allowed = _MACHINES.get(libc.abi(), (0, ()))
    if not audit:
        raise UnconfinedError("no seccomp filter for this machine")
    permitted = [(_EQUAL, len(allowed) - at, 0, number) for at, number in enumerate(allowed)]
    rules = (
        (_LOAD, 0, 0, 4),  # struct seccomp_data: arch
        (_EQUAL, 0, len(allowed) + 1, audit),
        (_LOAD, 0, 0, 0),  # nr
        *permitted,
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_RETURN, 0, 0, _ALLOW),
    )
    return b"".join(struct.pack("=HBBI", *rule) for rule in rules)


def _become(path: bytes, rules: bytes, told: int) -> NoReturn:
    """Turn this process into the program."""
    step = "confine"
    try:
        libc.call("prctl", _PR_SET_PDEATHSIG, _KILL, 0, 0, 0)
        libc.call("setrlimit", _RLIMIT_CPU, struct.pack("@LL", _CPU_SECONDS, _CPU_SECONDS))
        for standard in (0, 1, 2):  # the supervisor's pipes are not for it to write to
            os.set_inheritable(standard, False)
        _install(rules, told)
        step = "execve"
        os.execve(path, [path], {})  # noqa: S606
    except OSError as error:
        calls.write(told, f"{step} {error.errno}\n".encode())
    finally:
        os._exit(127)


def _install(rules: bytes, told: int) -> None:
    import ctypes  # noqa: PLC0415 - as in libc

    code = ctypes.create_string_buffer(rules)
    program = struct.pack("@HP", len(rules) // 8, ctypes.addressof(code))
    try:
        libc.call("prctl", _PR_SET_SECCOMP, _FILTER, program, 0, 0)
    except PermissionError as error:
        libc.call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        calls.write(told, f"modest {error.errno}\n".encode())
        libc.call("prctl", _PR_SET_SECCOMP, _FILTER, program, 0, 0)
