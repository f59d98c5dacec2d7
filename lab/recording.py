"""`lab/run`: record what engines do on file systems, and what fscaps says of them.

Each row is recorded once; what is there already is left alone, so an interrupted run is taken up
where it ended. `--again` records anew what the globs match.
"""

from __future__ import annotations

import argparse
import json
import os
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
from lab.results import FINDINGS, ROWS
from lab.roles import ROLES

if TYPE_CHECKING:
    from collections.abc import Iterator

DEADLINE = 300.0  # seconds for one row on the host, which takes five
_ASKED_AS = ("root", "user")


@dataclass(frozen=True)
class Wanted:
    """One row that is to be recorded; `role` may be `findings:root` or `findings:user`."""

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
        kernel, role = os.uname().release, self.role
        if self.kind == FINDINGS:
            return (kernel, self.filesystem, role.partition(":")[2])
        name = ROLES[role].engine
        engine = f"{name} {self.generation.version(name)}"
        return (kernel, self.filesystem, role, engine, self.generation.name)


def plan(filesystems: list[str], engine: str, generation: str) -> Iterator[Wanted]:
    """Everything that this kernel can give: the findings first, then a row for each role."""
    for filesystem in filesystems:
        for asked_as in _ASKED_AS:
            role = f"findings:{asked_as}"
            if fnmatchcase(role, engine) or not engine.startswith("findings"):
                yield Wanted(filesystem, role, HOST)
        for name, known in every().items():
            if fnmatchcase(name, generation):
                for role in ROLES.values():
                    if fnmatchcase(role.id, engine) and role.has(known):
                        yield Wanted(filesystem, role.id, known)


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
            if isinstance(problem, subprocess.TimeoutExpired):
                raise RuntimeError(f"no end in {deadline:.0f} s") from None
            raise
    try:
        recorded: results.Row = json.loads(out)
    except ValueError:
        raise RuntimeError(err.strip().splitlines()[-1] if err.strip() else "no row") from None
    return recorded


def record(wanted: Iterator[Wanted], place: Path, again: bool, deadline: float) -> int:  # noqa: FBT001 - from the command line
    """Record what is wanted and not there yet; give how many rows could not be had."""
    known = {
        (kind, results.key(kind, old)) for kind in (ROWS, FINDINGS) for old in results.read(kind, place)
    }
    failed = 0
    for one in wanted:
        if (one.kind, one.key) in known and not again:
            continue
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
        print(f"{seconds:6.1f} s  {one.generation.name:9} {one.filesystem:24} {one.role:32} {level}", flush=True)
    return failed


def main() -> int:
    """Parse the command line and record."""
    parser = argparse.ArgumentParser(prog="lab/run", description=(__doc__ or "").partition("\n")[2])
    parser.add_argument("--fs", default="*", metavar="GLOB", help="file systems")
    parser.add_argument("--engine", default="*", metavar="GLOB", help="roles: docker/*, or findings:*")
    parser.add_argument("--generation", default=HOST.name, metavar="GLOB", help="distributions")
    parser.add_argument("--kernel", choices=["host", "uml"], default="host")
    parser.add_argument("--into", type=Path, default=results.HERE, metavar="DIRECTORY")
    parser.add_argument("--again", action="store_true", help="record what is recorded already")
    parser.add_argument("--deadline", type=float, default=DEADLINE, metavar="SECONDS")
    asked = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("mounting needs root")
    wanted = plan(here(asked.fs), asked.engine, asked.generation)
    return 1 if record(wanted, asked.into, asked.again, asked.deadline) else 0


if __name__ == "__main__":
    sys.exit(main())
