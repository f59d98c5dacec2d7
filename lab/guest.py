"""A second kernel that is started for one script, and how the two speak to each other.

Of the host's files one directory alone is writable inside, which has the same path there and is
``$RESULTS``: it holds the script, and then what came of it.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
_LEFT = ("log", "dmesg", "status")


@dataclass(frozen=True)
class Result:
    """What one boot left behind; the script's own files are in ``results``."""

    status: int | None  # of the script; None when it did not come to its end
    log: str  # what the script printed, both streams
    dmesg: str  # the kernel's messages; empty when the script did not come to its end
    console: str  # for a boot that went wrong
    timed_out: bool


def inside(program: Path, *arguments: str | Path) -> str:
    """Give the line of a script that runs a program of this checkout, in its own namespaces."""
    words = [
        *("env", f"PYTHONPATH={_ROOT / 'src'}{os.pathsep}{_ROOT}", "TMPDIR=/var/tmp"),
        "GODEBUG=asyncpreemptoff=1",  # signals are dear in User-Mode Linux
        *("unshare", "-m", "-p", "-f", "--kill-child", "--mount-proc"),
        *(sys.executable, program, *arguments),
    ]
    return f"{shlex.join(str(word) for word in words)}\n"


def prepare(script: str, results: Path) -> Path:
    """Put a script (bash) where the machine finds it; give the directory's real path."""
    results = results.resolve()
    results.mkdir(parents=True, exist_ok=True)
    for name in _LEFT:
        (results / name).unlink(missing_ok=True)
    (results / "script.sh").write_text(script)
    return results


def boot(machine: list[str], results: Path, seconds: float) -> Result:
    """Start the machine, which ends by itself or when its time is over or we are gone."""
    # A pid namespace, so that one kill takes all; the death signal, for when we are killed.
    process = subprocess.Popen(
        [
            *("setpriv", "--pdeathsig", "KILL"),
            *("unshare", "--pid", "--fork", "--kill-child", "--mount-proc", *machine),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        console, timed_out = process.communicate(timeout=seconds)[0], False
    except BaseException as problem:  # also when this call is interrupted
        os.killpg(process.pid, signal.SIGKILL)
        console, timed_out = process.communicate()[0], True  # to its end: everyone is gone
        if not isinstance(problem, subprocess.TimeoutExpired):
            raise
    log, dmesg, status = (_read(results / name) for name in _LEFT)
    return Result(int(status) if status else None, log, dmesg, console, timed_out)


def _read(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""
