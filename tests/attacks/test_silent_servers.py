"""A server that goes away for good, at each kind of request; or that is always only just in time.

It goes at the first request of a kind, at one in the middle, and at the last.
Whatever it does not answer: the call returns in time, claims nothing that it would not have claimed
otherwise, and names the process that it had to leave behind.
"""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psutil
import pytest

import fscaps
from fscaps import Outcome, Reason
from lab.mounts import MNT_DETACH, mount, unmount
from lab.silent_fuse import memory_fuse

from .campaign import EVERY

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root"),
    pytest.mark.skipif(not os.path.exists("/dev/fuse"), reason="no /dev/fuse"),
    pytest.mark.timeout(3600 if EVERY else 120),
]

KINDS = (
    *("LOOKUP", "GETATTR", "SETATTR", "OPEN", "READ", "WRITE", "FLUSH", "FSYNC", "RELEASE"),
    *("OPENDIR", "READDIR", "FSYNCDIR", "RELEASEDIR", "STATFS", "IOCTL", "FALLOCATE", "LSEEK"),
    *("CREATE", "MKDIR", "MKNOD", "SYMLINK", "READLINK", "LINK", "TMPFILE"),
    *("UNLINK", "RMDIR", "RENAME", "RENAME2"),
    *("SETXATTR", "GETXATTR", "LISTXATTR", "REMOVEXATTR", "SETLK"),
)
"""All that a survey asks of a FUSE server, but for what no server answers (FORGET)."""
TIMEOUT, DEADLINE = 1.0, 4.0
MORE = 2.0  # seconds after the deadline by which survey() promises to return
AT_ONCE = 12
NAMED = re.compile(r"process \d+ cannot be killed \(disk-sleep in \w+\) and was left behind")


class Undisturbed(NamedTuple):
    """A survey that every request was answered to."""

    counts: Counter[str]
    report: fscaps.Report


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """What is asked, and what is found."""
    point = tmp_path_factory.mktemp("undisturbed")
    with memory_fuse(point, whole=True, trace=True) as server:
        assert server.process.stdout is not None
        fcntl.fcntl(server.process.stdout, fcntl.F_SETPIPE_SZ, 1 << 20)  # read when all is over
        report = fscaps.survey(point)
        return Undisturbed(Counter(server.traced()), report)


@pytest.fixture(autouse=True)
def reaped() -> Iterator[None]:
    """Wait for the workers that were left behind, which end when their server does."""
    others = set(psutil.Process().children())
    yield
    for child in set(psutil.Process().children()) - others:
        child.wait(10)


def test_every_kind_is_attacked(undisturbed: Undisturbed) -> None:
    """The table names all that is asked, and nothing else."""
    assert set(undisturbed.counts) - {"FORGET", "BATCH_FORGET", "INTERRUPT"} == set(KINDS)


def test_a_server_silent_from_a_request_on(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """Of each kind, at each of the places, the same is promised; many wait at once."""

    def attack(one: tuple[str, int]) -> list[str]:
        return [f"{one}: {text}" for text in _silence(tmp_path, *one, undisturbed)]

    attacks = [(kind, after) for kind in KINDS for after in _places(undisturbed.counts[kind])]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        problems = [text for texts in pool.map(attack, attacks) for text in texts]
    # On a busy machine a probe may be over before the request that was to be its last.
    missed = [text for text in problems if text.endswith(_MISSED)]
    assert [text for text in problems if text not in missed] == []
    assert len(missed) <= len(attacks) // 10


_MISSED = "not asked"


def _places(count: int) -> list[int]:
    # How often a file's attributes are asked for differs a little, and how many of the releases,
    # for which nobody waits, come before the end: the last may not come.
    last = count - 1 - count // 10
    return list(range(last + 1)) if EVERY else sorted({0, last // 2, last})


def _silence(base: Path, kind: str, after: int, undisturbed: Undisturbed) -> Iterator[str]:
    point = base / f"{kind}-{after}"
    point.mkdir()
    with memory_fuse(point, whole=True, silent_at=kind, after=after) as server:
        before = time.monotonic()
        report = fscaps.survey(point, timeout=TIMEOUT, deadline=DEADLINE)
        took = time.monotonic() - before
        swallowed = server.swallowed(0)
    if swallowed is None:
        yield _MISSED
        return
    if swallowed != kind:
        yield f"not asked, but {swallowed}"
    if took > DEADLINE + MORE:
        yield f"took {took} seconds"
    if not any(NAMED.fullmatch(text) for text in report.warnings):
        yield f"nobody is named: {report.warnings}"
    for name, one in report.findings.items():
        if one.outcome is Outcome.YES is not undisturbed.report.findings[name].outcome:
            yield f"became yes: {one}"


@pytest.fixture(params=["direct", "indirect"])
def autofs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A directory that waits to be mounted by a daemon that does nothing."""
    if "\tautofs\n" not in Path("/proc/filesystems").read_text():
        pytest.skip("no autofs in this kernel")
    daemon = subprocess.Popen(["sleep", "infinity"], start_new_session=True)
    requests, kernel = os.pipe()
    options = f"fd={kernel},pgrp={daemon.pid},minproto=5,maxproto=5,{request.param}"
    mount("autofs", tmp_path, "autofs", 0, options)
    os.close(kernel)
    yield tmp_path if request.param == "direct" else tmp_path / "key"
    os.close(requests)  # who waits gets an error
    unmount(tmp_path, MNT_DETACH)
    daemon.kill()
    daemon.wait()


def test_an_automount_that_never_comes(autofs: Path) -> None:
    """Even where the path leads cannot be told; the call returns, and leaves nobody behind."""
    before = time.monotonic()
    report = fscaps.survey(autofs, timeout=TIMEOUT, deadline=DEADLINE)
    assert time.monotonic() - before < DEADLINE + MORE
    assert {one.outcome for one in report.findings.values()} == {Outcome.UNKNOWN}
    assert not report.warnings


def test_a_server_that_takes_its_time(tmp_path: Path) -> None:
    """No answer is late by itself, or each nearly: the deadline holds, and so for the cleaner."""
    delays = (0.01, 0.3, 0.45, 0.6)
    with ThreadPoolExecutor(len(delays)) as pool:
        problems = list(pool.map(lambda delay: list(_dawdle(tmp_path, delay)), delays))
    assert not any(problems), problems


def _dawdle(base: Path, delay: float) -> Iterator[str]:
    point = base / str(delay)
    point.mkdir()
    with memory_fuse(point, whole=True, delay=dict.fromkeys(KINDS, delay)):
        before = time.monotonic()
        report = fscaps.survey(point, timeout=DEADLINE, deadline=DEADLINE)
        took = time.monotonic() - before
        left = os.listdir(point)
    if took > DEADLINE + MORE:
        yield f"took {took} seconds"
    if Reason.UNRESPONSIVE not in {one.reason for one in report.findings.values()}:
        yield "all was asked"
    if left and not report.warnings:
        yield f"left, untold: {left}"
