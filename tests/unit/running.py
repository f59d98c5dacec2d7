"""Run the command, or a bit of Python that uses the package, as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import fscaps

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SOURCE = os.path.dirname(os.path.dirname(fscaps.__file__))
FITS, UNFIT, UNASKED, PARTLY, UNESTABLISHED = 0, 1, 2, 3, 4

IMAGE = ("--for", "docker/image", "--mount", "never")
"""What every user finds to fit on every ordinary file system."""
QUICK = ("--only", "name.option", "--only", "directory.writable")
"""Questions that cost little."""

Run = subprocess.CompletedProcess


def environment(**more: str) -> dict[str, str]:
    """What a fresh login has, with our source to import, and this."""
    return {"PATH": os.defpath, "PYTHONPATH": SOURCE, "LC_ALL": "C.UTF-8", **more}


def execute(arguments: Sequence[Any], **options: Any) -> Run[str]:
    """Run a program; what it wrote is decoded, with what is no UTF-8 escaped."""
    defaults = {
        "env": environment(),
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "encoding": "utf-8",
        "errors": "backslashreplace",
    }
    done: Run[str] = subprocess.run(arguments, check=False, **{**defaults, **options})
    return done


def command(*arguments: str | bytes | Path) -> list[Any]:
    """The command line that runs fscaps."""
    return [sys.executable, "-m", "fscaps", *arguments]


def run(*arguments: str | bytes | Path, **options: Any) -> Run[str]:
    """Run fscaps."""
    return execute(command(*arguments), **options)


def shell(script: str, *arguments: str | Path, **options: Any) -> Run[str]:
    """Run a shell script in which ``fscaps`` is the command."""
    function = f'fscaps() {{ {sys.executable} -m fscaps "$@"; }}'
    return execute(
        ["/bin/sh", "-c", f"{function}\n{script}", "sh", *map(str, arguments)], **options
    )


def python(code: str, **options: Any) -> Run[str]:
    """Run this in a Python that has imported nothing."""
    return execute([sys.executable, "-c", textwrap.dedent(code)], **options)


def complaint(ended: Run[str], expected: int = UNASKED) -> str:
    """The one line that the command complained in, having printed and done nothing else."""
    assert ended.returncode == expected
    assert not ended.stdout
    (line,) = ended.stderr.splitlines()
    assert ended.stderr.endswith("\n")
    assert line.startswith("fscaps: ")
    assert line.isprintable()
    return line


def unprivileged(arguments: Sequence[Any], **options: Any) -> Run[str]:
    """Run as a user without rights: as we are, else as nobody, else as root without capabilities.

    The last where nobody may not even read our Python, as in /root.
    """
    if os.geteuid() != 0:
        return execute(arguments, **options)
    nobody = {"user": 65534, "group": 65534, "extra_groups": [], "cwd": "/"}
    try:
        able = execute([sys.executable, "-c", "import fscaps"], **nobody).returncode == 0
    except PermissionError:
        able = False
    if able:
        return execute(arguments, **{**nobody, **options})
    # prctl(PR_CAPBSET_DROP), so that execve(2) gives root nothing
    drop = (
        "import ctypes, os, sys; libc = ctypes.CDLL(None);"
        "[libc.prctl(24, number, 0, 0, 0) for number in range(64)];"
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    return execute([sys.executable, "-c", drop, *arguments], **options)
