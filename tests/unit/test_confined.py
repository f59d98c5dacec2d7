"""The filters of all machines, interpreted: who is let do what, by numbers that are not ours."""

from __future__ import annotations

import shutil
import struct
import subprocess
from typing import TYPE_CHECKING, NamedTuple

import pytest

from fscaps._linux import confined, libc

if TYPE_CHECKING:
    from collections.abc import Callable


class Machine(NamedTuple):
    """What libseccomp calls it, linux/audit.h's number of it, and what is particular to it."""

    name: str
    audit: int
    order: str = "<"


_64, _LITTLE = 0x80000000, 0x40000000  # __AUDIT_ARCH_64BIT, __AUDIT_ARCH_LE
MACHINES = {
    libc.X86_64: Machine("x86_64", 62 | _64 | _LITTLE),
    libc.AARCH64: Machine("aarch64", 183 | _64 | _LITTLE),
    libc.RISCV64: Machine("riscv64", 243 | _64 | _LITTLE),
    libc.PPC64: Machine("ppc64le", 21 | _64 | _LITTLE),
    libc.S390X: Machine("s390x", 22 | _64, ">"),
    libc.ARM: Machine("arm", 40 | _LITTLE),
    libc.I386: Machine("x86", 3 | _LITTLE),
}
OURS = ("execveat", "geteuid", "exit", "write", "exit_group", "mmap", "munmap", "brk")
NEWER = {"geteuid": "geteuid32", "mmap": "mmap2"}
"""Of the machines of 32 bits."""
X32 = 0x40000000
ALLOWED, KILLED = 0x7FFF0000, 0x80000000  # linux/seccomp.h
DATA = struct.Struct("iIQ6Q")  # struct seccomp_data


@pytest.fixture(params=MACHINES, ids=lambda abi: MACHINES[abi].name)
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """One after the other is taken for the one that this is."""
    found = MACHINES[request.param]
    monkeypatch.setattr(libc, "abi", lambda: request.param)
    low, high = (24, 28) if found.order == "<" else (28, 24)
    monkeypatch.setattr(confined, "_LOW", low)
    monkeypatch.setattr(confined, "_HIGH", high)
    return found


@pytest.fixture
def judge(machine: Machine) -> Callable[..., int]:
    """What the filter of that machine makes of a call."""
    execution = confined._Execution(5)
    rules = list(struct.iter_unpack("=HBBI", confined._rules(execution)))

    def judged(number: int, path: int | None = None, audit: int = machine.audit) -> int:
        arguments = [5, execution.arguments[1] if path is None else path, 0, 0, 0x1000, 0]
        data = struct.pack(machine.order + DATA.format, number, audit, 0, *arguments)
        return _interpreted(rules, data, machine.order)

    return judged


def _interpreted(rules: list[tuple[int, ...]], data: bytes, order: str) -> int:
    """As kernel/seccomp.c does it: a 32-bit word at a time, in the machine's own order."""
    word, at = 0, 0
    while True:
        code, yes, no, value = rules[at]
        at += 1
        if code == 0x20:  # BPF_LD | BPF_W | BPF_ABS
            assert value % 4 == 0
            word = struct.unpack_from(order + "I", data, value)[0]
        elif code == 0x15:  # BPF_JMP | BPF_JEQ | BPF_K
            at += yes if word == value else no
        else:
            assert code == 0x06  # BPF_RET | BPF_K
            return value


def _number(machine: Machine, call: str) -> int:
    resolver = shutil.which("scmp_sys_resolver")
    if not resolver:
        pytest.skip("no scmp_sys_resolver (Debian's package seccomp)")
    ask = [resolver, "-a", machine.name]
    narrow = not machine.audit & _64
    name = NEWER.get(call, call) if narrow else call
    return int(subprocess.run([*ask, name], capture_output=True, check=True).stdout)


def test_it_lets_a_program_do_what_ours_does(machine: Machine, judge: Callable[..., int]) -> None:
    """By libseccomp's numbers."""
    assert {call: judge(_number(machine, call)) for call in OURS} == dict.fromkeys(OURS, ALLOWED)


def test_it_lets_it_do_nothing_else(machine: Machine, judge: Callable[..., int]) -> None:
    """Of all numbers that there are, with those of x32, which is the same machine to a filter."""
    numbers = (*range(-1, 1024), *range(X32, X32 + 1024))
    allowed = {number for number in numbers if judge(number) == ALLOWED}
    assert allowed == {_number(machine, call) for call in OURS}


@pytest.mark.parametrize("other", [0, 1, 1 << 32, -1 & 0xFFFFFFFFFFFFFFFF])
def test_it_executes_nothing_by_another_path(
    machine: Machine, judge: Callable[..., int], other: int
) -> None:
    """Be it that either half of its address is the right one."""
    execveat = confined._MACHINES[libc.abi()][1][0]
    ours = confined._Execution(5).arguments[1]
    assert machine
    for path in (other, other & 0xFFFFFFFF00000000 | ours & 0xFFFFFFFF, ours & ~0xFFFFFFFF):
        assert judge(execveat, path) == KILLED


def test_the_numbers_of_another_machine_are_not_taken_for_its_own(
    machine: Machine, judge: Callable[..., int]
) -> None:
    """As where a program of 64 bits makes calls of 32 (int 0x80): write is exit there."""
    for other in MACHINES.values():
        if other != machine:
            assert {judge(number, audit=other.audit) for number in range(1024)} == {KILLED}


# Debian 12's libseccomp knows no LoongArch.
@pytest.mark.parametrize("abi", libc._NUMBERS.keys() & MACHINES.keys(), ids=lambda abi: str(abi[0]))
def test_the_other_numbers_are_the_machines_too(abi: tuple[int, int]) -> None:
    """Of what is called past the libc."""
    known = {**libc._NUMBERS[abi], **libc._COMMON}
    assert known == {call: _number(MACHINES[abi], call) for call in known}
