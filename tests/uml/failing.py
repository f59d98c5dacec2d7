"""Inside the second kernel: a server or a disk fails before a survey, or in the middle of one.

`failing.py RESULTS CASE OVER`, in mount and pid namespaces of its own. Nothing is taken down: what
has failed might not let go, and the machine is halted when a line comes through OVER.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import fscaps
from fscaps._sandbox import child
from fscaps.render import Style, render
from lab.bench import Bench, run
from lab.filesystems import _nfs
from lab.filesystems._devices import SECTOR, ext4_on, loop, mapped

if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT, DEADLINE = 3.0, 10.0
HALF_WAY = "directory.writable"
HERE = Path(__file__).resolve().parent
_SIZE = 256 << 20
_NAME = "failing"


class Case(NamedTuple):
    """What is mounted, what happens to it, and whether before all or when that probe is over."""

    build: Callable[[Bench], Path]
    fail: Callable[[Bench], None]
    half_way: bool = False
    costs: tuple[str, ...] = ()
    """What cannot be *yes* then."""
    stuck: bool = False
    """Whether whoever asks cannot be killed any more."""


def _nfs4(options: str) -> Callable[[Bench], Path]:
    return lambda bench: _nfs.nfs(bench, "4.2", options=options)


def _nfs3(options: str) -> Callable[[Bench], Path]:
    return lambda bench: _nfs.nfs(bench, "3", options=options)


def _stop_server(_: Bench) -> None:
    run("rpc.nfsd", "0")


def _disk(bench: Bench) -> Path:
    device = loop(bench, "data", _SIZE)
    (bench.work / "device").write_text(device)
    return ext4_on(bench, mapped(bench, _NAME, _SIZE, f"linear {device} 0"))


def _becomes(target: str) -> Callable[[Bench], None]:
    """The disk is another from now on, without anybody being asked."""

    def turn(bench: Bench) -> None:
        device = (bench.work / "device").read_text()
        table = f"0 {_SIZE // SECTOR} {target.format(device=device)}"
        for words in (("suspend", "--nolockfs"), ("load", "--table", table), ("resume",)):
            run("env", "DM_DISABLE_UDEV=1", "dmsetup", words[0], _NAME, *words[1:])

    return turn


def _bad_blocks(bench: Bench) -> None:
    _becomes("dust {device} 0 4096")(bench)
    for block in range(40):  # the superblock, the group descriptors, the first tables
        run("dmsetup", "message", _NAME, "0", "addbadblock", str(block))
    run("dmsetup", "message", _NAME, "0", "enable")
    Path("/proc/sys/vm/drop_caches").write_text("3")


def _suspend(_: Bench) -> None:
    run("dmsetup", "suspend", "--nolockfs", "--noflush", _NAME)


_LATER = ("symlink.target", "xattr.user")
"""What is asked so late that it certainly comes after what happens half-way."""
CASES = {
    "nfs4-hard": Case(
        _nfs4("hard"), _stop_server, costs=("directory.writable", "durability.fsync", *_LATER)
    ),
    "nfs4-hard-half-way": Case(_nfs4("hard"), _stop_server, half_way=True, costs=_LATER),
    "nfs4-soft-half-way": Case(
        _nfs4("soft,timeo=10,retrans=1"), _stop_server, half_way=True, costs=_LATER
    ),
    "nfs3-soft-half-way": Case(
        _nfs3("soft,nolock,timeo=10,retrans=1"), _stop_server, half_way=True, costs=_LATER
    ),
    "disk-error": Case(_disk, _becomes("error"), half_way=True, costs=_LATER),
    "disk-flakey-errors": Case(
        _disk,
        _becomes("flakey {device} 0 0 3600 1 error_writes"),
        half_way=True,
        costs=_LATER,
    ),
    "disk-flakey-lies": Case(
        _disk,
        _becomes("flakey {device} 0 0 3600 1 drop_writes"),
        half_way=True,
        costs=("space.writable",),  # which has the page cache let go of what it wrote
    ),
    # What this does only shows where the page cache has been given up: nothing is lost yet.
    "disk-dust": Case(_disk, _bad_blocks),
    "disk-delay": Case(_disk, _becomes("delay {device} 0 200"), half_way=True),
    "disk-hangs": Case(_disk, _suspend, half_way=True, costs=_LATER, stuck=True),
}


def main(results: Path, name: str, over: Path) -> None:
    """Write the report, what the same survey found before, and how long it took."""
    case = CASES[name]
    bench = Bench(Path(tempfile.mkdtemp()))
    directory = case.build(bench)
    whole = fscaps.survey(directory, timeout=20, deadline=120)
    if not case.half_way:
        case.fail(bench)
    worker = child.start("boot")
    before = time.monotonic()

    def follow(one: fscaps.Finding) -> None:
        if not case.half_way or one.probe != HALF_WAY:
            return
        os.kill(worker.pid, signal.SIGSTOP)
        case.fail(bench)
        os.kill(worker.pid, signal.SIGCONT)

    with suppress(fscaps.FscapsError):
        report = fscaps.survey(
            directory,
            roles=["docker"],
            timeout=TIMEOUT,
            deadline=DEADLINE,
            on_finding=follow,
            worker=worker,
        )
        (results / f"{name}.json").write_text(render(report, "json", Style()))
    seconds = time.monotonic() - before
    outcomes = {probe: one.outcome.value for probe, one in whole.findings.items()}
    told = {"seconds": seconds, "before": outcomes}
    (results / f"{name}.told").write_text(json.dumps(told))
    _elsewhere(results, name)
    over.write_text("\n")


def _elsewhere(results: Path, name: str) -> None:
    """The dead mount is still there; a survey of another directory must not mind."""
    with tempfile.TemporaryDirectory() as other:
        report = fscaps.survey(other, roles=["docker/image"])
    (results / f"{name}.elsewhere").write_text(report["docker/image"].fitness.value)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
