r"""A second kernel: User-Mode Linux, with the host's files as its root and none of them writable.

>>> result = run('uname -m; stat -f -c %T /var/tmp', results=tmp_path, seconds=60)
>>> result.status, result.log
(0, 'x86_64\ntmpfs\n')
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from lab.workplace import workplace

_ROOT = Path(__file__).resolve().parents[2]
_MODULES = Path("/usr/lib/uml/modules")
INIT = Path(__file__).resolve().with_name("init.sh")


@dataclass(frozen=True)
class Result:
    """What one boot left behind; the script's own files are in ``results``."""

    status: int | None  # of the script; None when it did not come to its end
    log: str  # what the script printed, both streams
    dmesg: str  # the kernel's messages; empty when the script did not come to its end
    console: str  # for a boot that went wrong
    timed_out: bool


def available() -> bool:
    """Whether this host can start the machine: root, and the kernel and its modules installed."""
    return os.geteuid() == 0 and shutil.which("linux.uml") is not None and _MODULES.is_dir()


def kernel() -> str:
    """Give the release of the machine's kernel."""
    return max(path.name for path in _MODULES.iterdir())


def inside(program: Path, *arguments: str | Path) -> str:
    """Give the line of a script that runs a program of this checkout, in its own namespaces."""
    words = [
        *("env", f"PYTHONPATH={_ROOT / 'src'}{os.pathsep}{_ROOT}", "TMPDIR=/var/tmp"),
        "GODEBUG=asyncpreemptoff=1",  # signals are dear in User-Mode Linux
        *("unshare", "-m", "-p", "-f", "--kill-child", "--mount-proc"),
        *(sys.executable, program, *arguments),
    ]
    return f"{shlex.join(str(word) for word in words)}\n"


def run(script: str, *, results: Path, seconds: float, memory: str = "3G") -> Result:
    """Boot, run ``script`` (bash), halt.

    ``results`` (made if missing) is the one directory of the host that is writable inside; it has
    the same path there, and is ``$RESULTS``. Neither it nor the checkout may lie below ``/dev``,
    ``/run`` or ``/var/tmp``, which are the machine's own.
    """
    results = results.resolve()
    results.mkdir(parents=True, exist_ok=True)
    for name in ("log", "dmesg", "status"):
        (results / name).unlink(missing_ok=True)
    (results / "script.sh").write_text(script)
    # Not in results: the path of UML's console socket has to be short.
    with workplace("uml") as (uml_dir, _):
        console, timed_out = _boot(_command(results, memory, uml_dir), seconds)
    status = _read(results / "status")
    return Result(
        status=int(status) if status else None,
        log=_read(results / "log"),
        dmesg=_read(results / "dmesg"),
        console=console,
        timed_out=timed_out,
    )


def _command(results: Path, memory: str, uml_dir: Path) -> list[str]:
    return [
        # A pid namespace, so that one kill takes all; the death signal, for when pytest is killed.
        *("setpriv", "--pdeathsig", "KILL"),
        *("unshare", "--pid", "--fork", "--kill-child", "--mount-proc"),
        *("linux.uml", f"mem={memory}", f"uml_dir={uml_dir}/"),
        *("rootfstype=hostfs", "rootflags=/", "rw", f'"init={INIT}"'),
        *("con=null", "con0=null,fd:1", "quiet", "lsm=capability"),
        f'"RESULTS={results}"',  # what the kernel does not know goes to init's environment
    ]


def _boot(command: list[str], seconds: float) -> tuple[str, bool]:
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        return process.communicate(timeout=seconds)[0], False
    except BaseException as problem:  # also when this call is interrupted
        os.killpg(process.pid, signal.SIGKILL)
        console = process.communicate()[0]  # to the end of the pipe: everyone is gone
        if not isinstance(problem, subprocess.TimeoutExpired):
            raise
        return console, True


def _read(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""
