r"""A second kernel: User-Mode Linux, with the host's files as its root and none of them writable.

>>> result = run('uname -m; stat -f -c %T /var/tmp', results=tmp_path, seconds=60)
>>> result.status, result.log
(0, 'x86_64\ntmpfs\n')
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from lab.guest import Result, boot, inside, prepare
from lab.workplace import workplace

__all__ = ["INIT", "Result", "available", "inside", "kernel", "run"]

_MODULES = Path("/usr/lib/uml/modules")
INIT = Path(__file__).resolve().with_name("init.sh")


def available() -> bool:
    """Whether this host can start the machine: root, and the kernel and its modules installed."""
    return os.geteuid() == 0 and shutil.which("linux.uml") is not None and _MODULES.is_dir()


def kernel() -> str:
    """Give the release of the machine's kernel."""
    return max(path.name for path in _MODULES.iterdir())


def run(script: str, *, results: Path, seconds: float, memory: str = "3G") -> Result:
    """Boot, run ``script`` (bash), halt.

    ``results`` (made if missing) is the one directory of the host that is writable inside; it has
    the same path there, and is ``$RESULTS``. Neither it nor the checkout may lie below ``/dev``,
    ``/run`` or ``/var/tmp``, which are the machine's own.
    """
    results = prepare(script, results)
    # Not in results: the path of UML's console socket has to be short.
    with workplace("uml") as (uml_dir, _):
        return boot(_command(results, memory, uml_dir), results, seconds)


def _command(results: Path, memory: str, uml_dir: Path) -> list[str]:
    return [
        *("linux.uml", f"mem={memory}", f"uml_dir={uml_dir}/"),
        *("rootfstype=hostfs", "rootflags=/", "rw", f'"init={INIT}"'),
        *("con=null", "con0=null,fd:1", "quiet", "lsm=capability"),
        f'"RESULTS={results}"',  # what the kernel does not know goes to init's environment
    ]
