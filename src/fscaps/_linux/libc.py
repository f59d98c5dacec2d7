"""System calls that the os module lacks, through ctypes."""

from __future__ import annotations

import errno
import functools
import os
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

X86_64, AARCH64, RISCV64, PPC64, S390X = (62, 8), (183, 8), (243, 8), (21, 8), (22, 8)
I386, ARM, LOONGARCH64 = (3, 4), (40, 4), (258, 8)
"""What abi() tells of these machines (elf.h: EM_X86_64, …)."""

# Numbers that differ by architecture (linux/arch/*/…/syscall*.tbl).
_GENERIC = {"getdents64": 61, "renameat2": 276}
_NUMBERS = {
    X86_64: {"getdents64": 217, "renameat2": 316},
    I386: {"getdents64": 220, "renameat2": 353},
    ARM: {"getdents64": 217, "renameat2": 382},
    PPC64: {"getdents64": 202, "renameat2": 357},
    S390X: {"getdents64": 220, "renameat2": 347},
    AARCH64: _GENERIC,
    RISCV64: _GENERIC,
    LOONGARCH64: _GENERIC,
}
# Those from 424 on are the same for all of these.
_COMMON = {"fsopen": 430, "fsconfig": 431, "fsmount": 432, "openat2": 437}


class naming:  # noqa: N801 - reads as a statement
    """Put the name of the call that failed into its OSError's text."""

    def __init__(self, call: str) -> None:
        self.call = call

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OSError):
            code = error.errno or errno.EIO
            raise OSError(code, f"{self.call}: {os.strerror(code)}") from None


@functools.lru_cache(maxsize=None)
def _libc() -> Any:  # noqa: ANN401 - ctypes has no useful type for it
    # Imported here: the parent imports the probes but never calls them.
    import ctypes  # noqa: PLC0415

    return ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: int | bytes | None) -> int:
    """Call a function of libc that returns -1 and sets errno on failure.

    Raises OSError, and with ENOSYS where this libc has no such function.
    """
    import ctypes  # noqa: PLC0415

    function = _function(name)
    if function is None:
        raise OSError(errno.ENOSYS, f"{name}: not in this libc")
    function.restype = ctypes.c_long if name == "syscall" else ctypes.c_int
    result = function(*(_argument(argument) for argument in arguments))
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return int(result)


def _function(name: str) -> Any:  # noqa: ANN401 - a ctypes object, or None
    return getattr(_libc(), name, None)


def _argument(argument: int | bytes | None) -> Any:  # noqa: ANN401 - a ctypes object
    import ctypes  # noqa: PLC0415

    return ctypes.c_long(argument) if isinstance(argument, int) else argument


@functools.lru_cache(maxsize=None)
def abi() -> tuple[int, int]:
    """The machine that this process is made for (elf.h: e_machine), and the bytes of a pointer.

    Not uname(2)'s: that is the kernel's, of which setarch(8) makes another, and on which programs
    of 32 bits run that have other numbers for their calls. Machine 0, which is none, where it
    cannot be read.
    """
    try:
        with open("/proc/self/exe", "rb") as program:
            machine = struct.unpack_from("=H", program.read(20), 18)[0]
    except (OSError, struct.error):
        machine = 0
    return machine, struct.calcsize("P")


def syscall(name: str, *arguments: int | bytes | None) -> int:
    """Make a system call by name: by number, or where that is not known through libc.

    A function of libc may answer for a kernel that lacks the call (glibc's renameat2: EINVAL).
    Raises OSError, and with ENOSYS where neither is to be had.
    """
    numbers = _NUMBERS.get(abi(), {})
    number = numbers.get(name, _COMMON.get(name)) if numbers else None
    if number is not None:
        with naming(name):
            return call("syscall", number, *arguments)
    if _function(name) is None:
        raise OSError(errno.ENOSYS, f"{name}: not in this libc, and its number is unknown here")
    return call(name, *arguments)
