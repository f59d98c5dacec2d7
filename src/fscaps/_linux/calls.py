"""Calls of the os module, each of which names itself in the OSError that it raises.

``lseek: Invalid argument`` says what failed; the os module's own error does not.
"""

from __future__ import annotations

import functools
import os

from .libc import naming

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from typing_extensions import ParamSpec

    Arguments = ParamSpec("Arguments")
    Result = TypeVar("Result")


def _named(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    @functools.wraps(function)
    def named(*arguments: Arguments.args, **more: Arguments.kwargs) -> Result:
        with naming(function.__name__):
            return function(*arguments, **more)

    return named


open = _named(os.open)  # noqa: A001 - as in the os module
close = _named(os.close)
read = _named(os.read)
write = _named(os.write)
pread = _named(os.pread)
pwrite = _named(os.pwrite)
lseek = _named(os.lseek)
fstat = _named(os.fstat)
fstatvfs = _named(os.fstatvfs)
ftruncate = _named(os.ftruncate)
fsync = _named(os.fsync)
fchmod = _named(os.fchmod)
fchdir = _named(os.fchdir)
pipe = _named(os.pipe)
fork = _named(os.fork)
waitpid = _named(os.waitpid)
kill = _named(os.kill)
urandom = _named(os.urandom)
