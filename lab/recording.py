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
import time
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from lab import results
from lab.filesystems import FILESYSTEMS, missing
from lab.generations import HOST, Generation, every
from lab.machine import groups_of, remove_groups
from lab.qemu import machine as qemu
from lab.results import FINDINGS, ROWS
from lab.roles import ROLES
from lab.uml import machine as uml
from lab.workplace import sweep, workplace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DEADLINE = 600.0  # seconds for one row, which takes five on the host
_DYING = 20.0  # seconds for the processes of a killed row to be gone
_BOOT = 3600.0  # seconds for one boot of the second kernel, which records all roles on one
_ROOT = results.HERE.parents[1]
_PYTHONPATH = (_ROOT / "src", _ROOT)
_ASKED_AS = ("root", "user")
_NOTHING = 3  # the exit status where nothing matches that can be had here


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
        role, kernel = self.role, results.version(self.kernel)
        if self.kind == FINDINGS:
            return (kernel, self.filesystem, role.partition(":")[2])
        name = ROLES[role].engine
        own = self.kernel.partition("-")[0] if name == "kernel" else None
        engine = f"{name} {own or self.generation.version(name)}"
        return (kernel, self.filesystem, role, engine, self.generation.name)


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
    """Give the file systems that this kernel can have; say of the others what they lack."""
    lacks = {name: missing(FILESYSTEMS[name]) for name in _called(glob)}
    for name, lack in lacks.items():
        if lack is not None:
            _skipped(name, lack)
    return [name for name, lack in lacks.items() if lack is None]


def _called(glob: str) -> list[str]:
    return [name for name in FILESYSTEMS if fnmatchcase(name, glob)]


def _skipped(what: str, why: str) -> None:
    print(f"skipped: {what}: {why}", flush=True)


def tell_lacking(engine: str, generation: str) -> None:
    """Say of which roles the engine is not installed, or too old."""
    for name, known in every().items():
        for role in ROLES.values() if fnmatchcase(name, generation) else ():
            if fnmatchcase(role.id, engine) and not role.has(known):
                version = known.version(role.engine)
                has = f"{role.engine} {version}, which is too old" if version else "none"
                _skipped(role.id, f"{name} has {has}")


def row(wanted: Wanted, deadline: float) -> results.Row:
    """Record one row in namespaces of its own; raise RuntimeError where the lab itself fails."""
    with workplace("row") as (work, lock):
        work.chmod(0o711)
        command = [
            *("setpriv", "--pdeathsig", "KILL"),
            *("unshare", "-m", "-p", "-f", "--kill-child", "--mount-proc", "--propagation=slave"),
            *(sys.executable, "-m", "lab.row", str(work)),
            *(wanted.filesystem, wanted.role, wanted.generation.name),
        ]
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            pass_fds=[lock],
        )
        try:
            out, err = process.communicate(timeout=deadline)
        except BaseException as problem:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            _remove_groups(groups_of(work))
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
    found = []
    for name in _called(glob):
        if name in _TELLING or missing(FILESYSTEMS[name]) is not None:
            found.append(name)
        else:
            _skipped(name, "this kernel has it, and the second one says nothing else")
    return found


def second_kernel(asked: argparse.Namespace) -> int:
    """Record in User-Mode Linux, or on one of Debian's kernels, one boot for each file system.

    Give the exit status.
    """
    ends = []
    is_uml = asked.kernel == "uml"
    release = uml.kernel() if is_uml else qemu.kernel(asked.kernel)
    for name in elsewhere(asked.fs) if is_uml else _called(asked.fs):
        wanted = list(plan(release, [name], asked.engine, asked.generation))
        if not _matches(wanted, asked.engine):
            return _NOTHING
        is_due = asked.again or unknown(wanted, asked.into)
        ends.append(_boot(name, asked) if is_due else 0)
    if set(ends) <= {_NOTHING}:
        return _NOTHING
    return 1 if set(ends) - {0, _NOTHING} else 0


def _boot(name: str, asked: argparse.Namespace) -> int:
    with workplace("boot") as (place, _):
        recorded = place / "recorded"
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
        if asked.kernel == "uml":
            done = uml.run(script, results=place, seconds=_BOOT)
        else:
            done = qemu.run(asked.kernel, script, results=place, seconds=_BOOT)
        print(done.log, end="", flush=True)
        for kind in (ROWS, FINDINGS):
            results.record(kind, results.read(kind, recorded), asked.into)
        if done.status is None:
            print(f"{name}: the second kernel did not come to its end: {done.console[-500:]}")
        return 1 if done.status is None else done.status


def _matches(wanted: Iterable[Wanted], engine: str) -> bool:
    """Whether there is more than the findings that go with a role's rows."""
    return any(fnmatchcase(one.role, engine) for one in wanted)


def first_kernel(asked: argparse.Namespace) -> int:
    """Record on this one; give the exit status."""
    wanted = list(plan(os.uname().release, here(asked.fs), asked.engine, asked.generation))
    if not _matches(wanted, asked.engine):
        return _NOTHING
    todo = wanted if asked.again else unknown(wanted, asked.into)
    print(f"{len(wanted) - len(todo)} of {len(wanted)} rows are recorded already", flush=True)
    return 1 if record(todo, asked.into, asked.deadline) else 0


def _check(parser: argparse.ArgumentParser, asked: argparse.Namespace) -> None:
    """Refuse a name that nothing has."""
    known = {
        "file system": (asked.fs, FILESYSTEMS),
        "role": (asked.engine, [*ROLES, *(f"findings:{name}" for name in _ASKED_AS)]),
        "generation": (asked.generation, every()),
    }
    for what, (glob, names) in known.items():
        if not any(fnmatchcase(name, glob) for name in names):
            more = f", here are: {', '.join(every())}" if what == "generation" else ""
            parser.error(f"no {what} is called {glob}{more}")


def main() -> int:
    """Parse the command line and record."""
    parser = argparse.ArgumentParser(prog="lab/run", description=(__doc__ or "").partition("\n")[2])
    parser.add_argument("--fs", default="*", metavar="GLOB", help="file systems")
    parser.add_argument(
        "--engine", default="*", metavar="GLOB", help="roles: docker/*, or findings:*"
    )
    parser.add_argument("--generation", default=HOST.name, metavar="GLOB", help="distributions")
    parser.add_argument("--kernel", choices=["host", "uml", *qemu.suites()], default="host")
    parser.add_argument("--into", type=Path, default=results.HERE, metavar="DIRECTORY")
    parser.add_argument("--again", action="store_true", help="record what is recorded already")
    parser.add_argument("--deadline", type=float, default=DEADLINE, metavar="SECONDS")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what is under way is taken away
    if os.geteuid() != 0:
        parser.error("mounting needs root")
    _check(parser, asked)
    if asked.kernel == "uml" and not uml.available():
        parser.error("no User-Mode Linux here")
    for left in sweep():
        print(f"swept: {left}, which somebody left who was killed", flush=True)
    tell_lacking(asked.engine, asked.generation)
    status = first_kernel(asked) if asked.kernel == "host" else second_kernel(asked)
    if status == _NOTHING:
        print("lab/run: nothing matches that can be had here", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
