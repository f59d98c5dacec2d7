"""System calls that the os module lacks, through ctypes."""

from __future__ import annotations

import errno
import functools
import os

# Numbers that differ by architecture (linux/arch/*/…/syscall*.tbl); those from 424 on are the
# same everywhere but on alpha and mips o32/n32/n64.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_GENERIC = {"getdents64": 61, "renameat2": 276}
_NUMBERS = {
    "x86_64": {"getdents64": 217, "renameat2": 316},
    "i386": {"getdents64": 220, "renameat2": 353},
    "i686": {"getdents64": 220, "renameat2": 353},
    "armv7l": {"getdents64": 217, "renameat2": 382},
    "ppc64le": {"getdents64": 202, "renameat2": 357},
    "s390x": {"getdents64": 220, "renameat2": 347},
    "aarch64": _GENERIC,
    "riscv64": _GENERIC,
    "loongarch64": _GENERIC,
}
_COMMON = {"open_tree": 428, "fsopen": 430, "fsconfig": 431, "fsmount": 432}


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

    try:
        function = getattr(_libc(), name)
    except AttributeError:
        raise OSError(errno.ENOSYS, f"{name}: not in this libc") from None
    function.restype = ctypes.c_long if name == "syscall" else ctypes.c_int
    result = function(*(_argument(argument) for argument in arguments))
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return int(result)


def _argument(argument: int | bytes | None) -> Any:  # noqa: ANN401 - a ctypes object
    import ctypes  # noqa: PLC0415

    return ctypes.c_long(argument) if isinstance(argument, int) else argument


@functools.lru_cache(maxsize=None)
def _machine() -> str:
    return os.uname().machine


def syscall(name: str, *arguments: int | bytes | None) -> int:
    """Make a system call by name; raises OSError with ENOSYS where its number is unknown."""
    machine = _machine()
    number = _NUMBERS.get(machine, {}).get(name, _COMMON.get(name))
    if number is None or machine.startswith(("alpha", "mips")):
        raise OSError(errno.ENOSYS, f"{name}: number unknown on {machine}")
    with naming(name):
        return call("syscall", number, *arguments)
