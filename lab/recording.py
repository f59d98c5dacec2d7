"""`lab/run`: record what engines do on file systems, and what fscaps says of them.

Each row is recorded once; what is there already is left alone, so an interrupted run is taken up
where it ended. `--again` records anew what the globs match.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from lab import results
from lab.filesystems import FILESYSTEMS, missing
from lab.generations import HOST, Generation, every
from lab.machine import remove_groups
from lab.results import FINDINGS, ROWS
from lab.roles import ROLES
from lab.uml import machine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DEADLINE = 600.0  # seconds for one row, which takes five on the host
_DYING = 20.0  # seconds for the processes of a killed row to be gone
_BOOT = 3600.0  # seconds for one boot of the second kernel, which records all roles on one
_ROOT = results.HERE.parents[1]
_PYTHONPATH = (_ROOT / "src", _ROOT)
_ASKED_AS = ("root", "user")


@dataclass(frozen=True)
class Wanted:
    """One row that is to be recorded; `role` may be `findings:root` or `findings:user`."""

    kernel: str
    filesystem: str
    role: str
    generation: Generation

    @property
    def kind(self) -> str:
        """Which kind of row it is."""
        return FINDINGS if self.role.startswith("findings:") else ROWS

    @property
    def key(self) -> tuple[str, ...]:
        """The row's key."""
        role = self.role
        if self.kind == FINDINGS:
            return (self.kernel, self.filesystem, role.partition(":")[2])
        name = ROLES[role].engine
        engine = f"{name} {self.generation.version(name)}"
        return (self.kernel, self.filesystem, role, engine, self.generation.name)


def plan(kernel: str, filesystems: list[str], engine: str, generation: str) -> Iterator[Wanted]:
    """Everything that a kernel can give: the findings first, then a row for each role."""
    for filesystem in filesystems:
        for asked_as in _ASKED_AS:
            role = f"findings:{asked_as}"
            if fnmatchcase(role, engine) or not engine.startswith("findings"):
                yield Wanted(kernel, filesystem, role, HOST)
        for name, known in every().items():
            if fnmatchcase(name, generation):
                for known_role in ROLES.values():
                    if fnmatchcase(known_role.id, engine) and known_role.has(known):
                        yield Wanted(kernel, filesystem, known_role.id, known)


def here(glob: str) -> list[str]:
    """Give the file systems that this kernel can have."""
    return [
        name
        for name, system in FILESYSTEMS.items()
        if fnmatchcase(name, glob) and missing(system) is None
    ]


def row(wanted: Wanted, deadline: float) -> results.Row:
    """Record one row in namespaces of its own; raise RuntimeError where the lab itself fails."""
    with tempfile.TemporaryDirectory(prefix="lab-", dir=os.environ.get("TMPDIR")) as work:
        os.chmod(work, 0o711)
        command = [
            *("setpriv", "--pdeathsig", "KILL"),
            *("unshare", "-m", "-p", "-f", "--kill-child", "--mount-proc", "--propagation=slave"),
            *(sys.executable, "-m", "lab.row", work),
            *(wanted.filesystem, wanted.role, wanted.generation.name),
        ]
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            out, err = process.communicate(timeout=deadline)
        except BaseException as problem:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            _remove_groups(f"fscaps-{Path(work).name}-*")
            if not isinstance(problem, subprocess.TimeoutExpired):
                raise
            out, err = "", f"no end in {deadline:.0f} s"
    try:
        recorded: results.Row = json.loads(out)
    except ValueError:
        raise RuntimeError(" / ".join(err.strip().splitlines()[-3:]) or "no row") from None
    return recorded


def _remove_groups(name: str) -> None:
    """Remove what a killed machine leaves, once its last process is gone."""
    end = time.monotonic() + _DYING
    while True:
        try:
            return remove_groups(name)
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def unknown(wanted: Iterable[Wanted], place: Path) -> list[Wanted]:
    """Give what was not recorded yet."""
    known = {
        (kind, results.key(kind, old))
        for kind in (ROWS, FINDINGS)
        for old in results.read(kind, place)
    }
    return [one for one in wanted if (one.kind, one.key) not in known]


def record(wanted: Iterable[Wanted], place: Path, deadline: float) -> int:
    """Record what is wanted; give how many rows could not be had."""
    failed = 0
    for one in wanted:
        began = time.monotonic()
        try:
            recorded = row(one, deadline)
        except RuntimeError as error:
            failed += 1
            level = f"NOT RECORDED: {error}"
        else:
            results.record(one.kind, [recorded], place)
            level = recorded.get("level", "found")
        seconds = time.monotonic() - began
        what = f"{one.generation.name:9} {one.filesystem:24} {one.role:32}"
        print(f"{seconds:6.1f} s  {what} {level}", flush=True)
    return failed


# In these the second kernel says something that the host's does not.
_TELLING = ("btrfs", "ext4", "ext4-no-filetype", "overlay", "ramfs", "tmpfs", "xfs")


def elsewhere(glob: str) -> list[str]:
    """Give the file systems to be looked for in the second kernel."""
    return [
        name
        for name, system in FILESYSTEMS.items()
        if fnmatchcase(name, glob) and (name in _TELLING or missing(system) is not None)
    ]


def second_kernel(asked: argparse.Namespace) -> int:
    """Record in User-Mode Linux, one boot for each file system."""
    failed = 0
    for name in elsewhere(asked.fs):
        wanted = plan(machine.kernel(), [name], asked.engine, asked.generation)
        if asked.again or unknown(wanted, asked.into):
            failed += _boot(name, asked)
    return failed


def _boot(name: str, asked: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="lab-uml-", dir=os.environ.get("TMPDIR")) as place:
        recorded = Path(place) / "recorded"
        recorded.mkdir()
        for kind in () if asked.again else (ROWS, FINDINGS):
            here_too = [row for row in results.read(kind, asked.into) if row["filesystem"] == name]
            results.record(kind, here_too, recorded)
        command = [
            *("env", "TMPDIR=/var/tmp", f"PYTHONPATH={os.pathsep.join(map(str, _PYTHONPATH))}"),
            *("GODEBUG=asyncpreemptoff=1", sys.executable, "-m", "lab.recording"),
            *("--fs", name, "--engine", asked.engine, "--generation", asked.generation),
            *("--into", str(recorded), "--deadline", str(asked.deadline)),
        ]
        script = f"cd {shlex.quote(str(_ROOT))} && {shlex.join(command)}"
        done = machine.run(script, results=Path(place), seconds=_BOOT)
        print(done.log, end="", flush=True)
        for kind in (ROWS, FINDINGS):
            results.record(kind, results.read(kind, recorded), asked.into)
        if done.status is None:
            print(f"{name}: the second kernel did not come to its end: {done.console[-500:]}")
        return 0 if done.status == 0 else 1


def main() -> int:
    """Parse the command line and record."""
    parser = argparse.ArgumentParser(prog="lab/run", description=(__doc__ or "").partition("\n")[2])
    parser.add_argument("--fs", default="*", metavar="GLOB", help="file systems")
    parser.add_argument(
        "--engine", default="*", metavar="GLOB", help="roles: docker/*, or findings:*"
    )
    parser.add_argument("--generation", default=HOST.name, metavar="GLOB", help="distributions")
    parser.add_argument("--kernel", choices=["host", "uml"], default="host")
    parser.add_argument("--into", type=Path, default=results.HERE, metavar="DIRECTORY")
    parser.add_argument("--again", action="store_true", help="record what is recorded already")
    parser.add_argument("--deadline", type=float, default=DEADLINE, metavar="SECONDS")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what is under way is taken away
    if os.geteuid() != 0:
        parser.error("mounting needs root")
    if not any(fnmatchcase(name, asked.fs) for name in FILESYSTEMS):
        parser.error(f"no file system is called {asked.fs}")
    if asked.kernel == "uml":
        if not machine.available():
            parser.error("no User-Mode Linux here")
        return 1 if second_kernel(asked) else 0
    wanted = plan(os.uname().release, here(asked.fs), asked.engine, asked.generation)
    todo = list(wanted) if asked.again else unknown(wanted, asked.into)
    return 1 if record(todo, asked.into, asked.deadline) else 0


if __name__ == "__main__":
    sys.exit(main())
