"""Every system call of a run fails, in turn, with every errno that a kernel could give.

What is held, for each: there is a report, or an error of ours in one line where the path or the
worker itself could not be had. Nothing is left, or the report says so. No answer that was not *yes*
becomes *yes*. The probe whose call failed is not *yes* where that call was one to the probed file
system, but for those in HARMLESS. It is not *no* where it was none. It tells what failed, and how.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

import pytest

import fscaps
from fscaps import Outcome, Reason
from lab.filesystems import FILESYSTEMS, missing

from . import interception, trial
from .campaign import (
    EVERY,
    Aftermath,
    Attack,
    Surroundings,
    in_words,
    record,
    some,
    survive,
    wage,
)
from .trial import CALLER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .interception import Call, Watch
    from .trial import Seen, Trial

    Before = dict[str, Outcome]

pytestmark = [
    pytest.mark.skipif(not interception.available(), reason="no seccomp_unotify(2) here"),
    pytest.mark.timeout(4 * 3600 if EVERY else 300),
]

ERRORS = (
    *("EIO", "ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "ENOSYS", "ENOTSUP"),
    *("EINTR", "ESTALE", "ENOMEM", "EMFILE"),
)
OURS = ("EMFILE", "ENOMEM", "EINTR")
"""Errors that speak of the process, never of the file system."""

CANNOT_FAIL = {
    *("geteuid", "getegid", "getuid", "getgid", "getpid", "getppid", "gettid", "umask", "uname"),
    *("exit", "exit_group", "clock_nanosleep"),
}
"""Calls whose manual page knows none of these errors."""

HARMLESS = {
    ("close", None): "what was written is synced or read back where that is the question",
    ("fcntl", None): "mmap's own copy of the descriptor, and flags that are only looked at",
    ("newfstatat", "mmap.coherent"): "mmap's own look at the size",
    ("lseek", "overlay.remount"): "what was to be emptied is empty, or could not be removed",
    ("fsopen", "overlay.upper"): "mount(2) is taken instead",
    ("flock", "lock.flock"): "EACCES is how an SMB server refuses what another holds",
    ("openat", "overlay.remount"): "a directory of overlay's, of mode 000: it is opened up first",
    ("fgetxattr", "overlay.native_diff"): "where there are no attributes there is no mark",
    ("openat", "mode.others"): "it is asked once more, with the way there open to all",
    ("fsetxattr", "xattr.size"): "a smaller one fits",
    ("ioctl", "directory.changeable"): "a file system without such flags",
    (
        "mknodat",
        "directory.d_type",
    ): "the FIFO is one of the kinds looked at; it is not listed then",
    ("symlinkat", "directory.d_type"): "the link likewise",
}
"""Failures on the file system that decide nothing, by call and probe, each by design."""

SILENT = (Reason.CRASH, Reason.TIMEOUT, Reason.UNRESPONSIVE, Reason.SKIPPED)
"""Reasons that stand for themselves."""


def _fail(target: Path, attack: Attack, before: Any) -> Aftermath:
    def decide(watch: Watch, call: Call, _probe: str | None) -> bool:
        if not attack.meets(call) or call.name in CANNOT_FAIL:
            return False
        watch.fail(call, getattr(errno, attack.how))
        return True

    around = Surroundings(target)
    done = trial.attempt(str(target), decide, timeout=2, deadline=8)
    problems = around.problems() + survive(done) + _left(done, around)
    if done.report is not None and done.hit:
        problems += _wrong(done.report, done.hit, attack.how, before)
    if around.scratch():
        fscaps.survey(target, only=["directory.writable"])
    return Aftermath(attack, done.hit, problems + around.foreign())


def _left(done: Trial, around: Surroundings) -> list[str]:
    """What is left must have been told, so that whoever asked can look."""
    told = " ".join(done.report.warnings) if done.report is not None else done.error
    return [f"left, untold: {name}" for name in around.scratch() if name not in told]


def _wrong(after: fscaps.Report, hit: Seen, how: str, before: Before) -> Iterator[str]:
    for name, one in after.findings.items():
        if one.outcome is Outcome.YES and before[name] is not Outcome.YES:
            yield f"{name} became yes"
    if hit.probe is None or before[hit.probe] is not Outcome.YES:
        return
    one = after.findings[hit.probe]
    if hit.name == "close" and one.outcome is not Outcome.YES:
        return  # a close(2) that fails gives the descriptor up; ours does not, and it is in the way
    if one.outcome is Outcome.YES:
        if how != "EINTR" and hit.on_it and not _is_harmless(hit):
            yield f"yes in spite of it: {one}"
        return
    if one.outcome is Outcome.NO and (how in OURS or not hit.on_it):
        yield f"no because of it: {one}"
    if one.reason not in SILENT and not _tells(one, how):
        yield f"does not tell: {one}"


def _is_harmless(hit: Seen) -> bool:
    return (hit.name, None) in HARMLESS or (hit.name, hit.probe) in HARMLESS


def _tells(one: fscaps.Finding, how: str) -> bool:
    """Whether the finding says which call failed, and how."""
    words = os.strerror(getattr(errno, how))
    return ": " in one.detail and (how == one.errno or words in one.detail)


ON_IT = {
    *("openat", "mkdirat", "unlinkat", "renameat2", "linkat", "mknodat", "fchownat", "fsync"),
    *("getdents64", "fsetxattr", "pread64", "flock", "fallocate", "execveat", "fsmount"),
}
"""Some of what is asked of a file system by a whole survey, to hold that it is told apart."""


@pytest.fixture
def ext4(tmp_path: Path) -> Iterator[Path]:
    """One of its own, so that what is asked of it is not asked of the machine's own disk."""
    lacking = missing(FILESYSTEMS["ext4"])
    if lacking:
        pytest.skip(lacking)
    with FILESYSTEMS["ext4"](tmp_path) as directory:
        yield directory


def test_every_call_fails(ext4: Path) -> None:
    """Each with each errno; in CI each of some with one, another for the next."""
    run = record(ext4)
    assert run.report is not None
    before = {name: one.outcome for name, one in run.report.findings.items()}
    assert set(before) <= {call.probe for call in run.calls}
    assert {call.name for call in run.calls if call.on_it} >= ON_IT
    asked = [call for call in run.calls if call.process != CALLER]
    calls = [call for call in asked if call.name not in CANNOT_FAIL]
    attacks = [Attack(call.process, call.nth, how) for call in calls for how in ERRORS]
    done = wage(_fail, ext4, some(attacks, 127), before)
    assert not any(one.problems for one in done), in_words(done)
    assert sum(one.hit is not None for one in done) > 0.9 * len(done)
