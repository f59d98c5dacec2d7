"""The file system changes under a run: full, read-only, gone, or another in its place.

At a call of the worker everything stands still while it happens. Whatever it is: there is a report
or an error of ours, no *yes* comes of it, what is put in its place is not touched, and a scratch
directory that can still be seen is told of.
"""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

import fscaps
from fscaps import Outcome
from lab.filesystems._limits import fill_blocks, fill_inodes
from lab.mounts import MNT_DETACH, mount, mounts_below, unmount, unmount_below

from . import interception, trial
from .campaign import EVERY, Aftermath, Attack, Moment, in_words, record, some, survive, wage
from .places import SCRATCH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from .interception import Call, Watch
    from .places import Place

    Before = dict[str, Outcome]

pytestmark = [
    pytest.mark.skipif(not interception.available(), reason="no seccomp_unotify(2) here"),
    pytest.mark.timeout(3600 if EVERY else 300),
]

_MS_RDONLY, _MS_REMOUNT, _MS_BIND = 1, 32, 4096
_SMALL = "size=8m,nr_inodes=300"


class NotNowError(Exception):
    """It cannot happen at this call; at one of the next, then."""


def _remount_read_only(target: Path) -> None:
    flags = _MS_REMOUNT | _MS_RDONLY
    try:
        mount("disk", target, "tmpfs", flags, _SMALL)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        try:
            mount("disk", target, "tmpfs", flags | _MS_BIND)  # a file is held that was deleted
        except OSError as still:
            if still.errno != errno.EBUSY:
                raise
            raise NotNowError from None  # one is open for writing


def _mount_over(target: Path) -> None:
    mount("another", target, "tmpfs")


def _remove(target: Path) -> None:
    shutil.rmtree(_scratch(target))


def _replace(target: Path) -> None:
    scratch = _scratch(target)
    scratch.rename(target / "moved")
    scratch.mkdir()
    (scratch / "precious").touch()


def _scratch(target: Path) -> Path:
    for scratch in target.iterdir():
        return scratch
    raise NotNowError  # not made yet


class Change(NamedTuple):
    """What happens, and whether what is under the path's name afterwards is another directory."""

    happens: Callable[[Path], None]
    is_another: bool = False


CHANGES = {
    "it is full": Change(fill_blocks),
    "no inode is left": Change(fill_inodes),
    "it is remounted read-only": Change(_remount_read_only),
    "it is unmounted lazily": Change(lambda target: unmount(target, MNT_DETACH), is_another=True),
    "another is mounted over it": Change(_mount_over, is_another=True),
    "the scratch directory is removed": Change(_remove),
    "the scratch directory is replaced": Change(_replace),
}


@contextmanager
def _disk(target: Path) -> Iterator[None]:
    kept = mounts_below(target)
    mount("disk", target, "tmpfs", 0, _SMALL)
    try:
        yield
    finally:
        unmount_below(target, kept)


def _change(target: Path, attack: Attack, before: Any) -> Aftermath:
    change = CHANGES[attack.how]
    happened: list[bool] = []
    moment = Moment(attack.place)

    def decide(watch: Watch, call: Call, place: Place) -> bool:
        if happened or not moment.reached_at(place):
            return False
        try:
            change.happens(target)
        except NotNowError:
            return False
        happened.append(True)
        watch.let(call)
        return True

    with _disk(target):
        done = trial.attempt(str(target), decide, timeout=2, deadline=8)
        problems = survive(done)
        problems += _untold(done, target) if not change.is_another else _touched(target)
    if done.report is not None:
        problems += _became_yes(done.report, before)
    return Aftermath(attack, done.hit, problems)


def _untold(done: trial.Trial, target: Path) -> list[str]:
    told = " ".join(done.report.warnings) if done.report is not None else done.error
    left = [name for name in os.listdir(target) if SCRATCH.fullmatch(name) or name == "moved"]
    if done.report is not None and "moved" in left and done.report.warnings:
        left.remove("moved")  # it is under another name than ours; that something is left was told
    return [f"left, untold: {name}" for name in left if name not in told]


def _touched(target: Path) -> list[str]:
    return [f"made in another: {name}" for name in os.listdir(target)]


def _became_yes(report: fscaps.Report, before: Before) -> list[str]:
    return [
        f"{name} became yes"
        for name, one in report.findings.items()
        if one.outcome is Outcome.YES is not before[name]
    ]


def test_the_file_system_changes(tmp_path: Path) -> None:
    """At each call of the worker, each change."""
    with _disk(tmp_path):
        run = record(tmp_path)
        whole = fscaps.survey(tmp_path)
    before = {name: one.outcome for name, one in whole.findings.items()}
    calls = [call for call in run.calls if call.place.who == "worker"]
    attacks = [Attack(call.place, how) for call in calls for how in CHANGES]
    done = wage(_change, tmp_path, some(attacks, 149), before)
    assert not any(one.problems for one in done), in_words(done)
    assert sum(one.hit is not None for one in done) > 0.9 * len(done)
