"""An unprivileged user owns the probed directory, and swaps things in it while root probes.

At each system call of the worker in turn everything stands still while the neighbour plays a trick,
so that no race needs luck. Whatever the trick: root touches nothing but its scratch directory.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from . import interception, trial
from .campaign import EVERY, Aftermath, Attack, Moment, in_words, record, some, survive, wage
from .places import CALLER, SCRATCH

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .interception import Call, Watch
    from .places import Place

pytestmark = [
    pytest.mark.skipif(not interception.available(), reason="no seccomp_unotify(2) here"),
    pytest.mark.timeout(3600 if EVERY else 300),
]

NEIGHBOUR = 65534


def _aside(scratch: str) -> None:
    os.rename(scratch, "aside")


def _link(scratch: str) -> None:
    _aside(scratch)
    os.symlink("../precious", scratch)


def _own_directory(scratch: str) -> None:
    _aside(scratch)
    os.mkdir(scratch)
    os.chmod(scratch, 0o777)
    os.mkfifo(f"{scratch}/file")
    os.symlink("../../precious/file", f"{scratch}/folder")


def _fifo(scratch: str) -> None:
    _aside(scratch)
    os.mkfifo(scratch)


def _precious_directory(scratch: str) -> None:
    _aside(scratch)
    os.rename("roots", scratch)


def _open_directory(scratch: str) -> None:
    _aside(scratch)
    os.rename("everybodys", scratch)


def _marked_directory(scratch: str) -> None:
    """Of his own, with a directory of root's in it that he could not remove."""
    _aside(scratch)
    os.close(os.open(f"his/{scratch}", os.O_CREAT | os.O_WRONLY, 0o600))
    os.rename("his", scratch)


def _marked_open_directory(scratch: str) -> None:
    """Of root's, but open to all, and with another in it that is not."""
    _aside(scratch)
    os.close(os.open(f"shared/{scratch}", os.O_CREAT | os.O_WRONLY, 0o600))
    os.rename("shared", scratch)


def _whole(_scratch: str) -> None:
    os.rename("../target", "../gone")
    os.symlink("precious", "../target")


TRICKS: dict[str, Callable[[str], None]] = {
    "renames it": _aside,
    "puts a link in its place": _link,
    "puts a directory of its own in its place": _own_directory,
    "puts a FIFO in its place": _fifo,
    "puts a directory of root's in its place": _precious_directory,
    "puts a directory that is open to all in its place": _open_directory,
    "puts a marked directory of its own in its place": _marked_directory,
    "puts a marked directory that is open to all in its place": _marked_open_directory,
    "puts a link in the place of the probed directory": _whole,
}


_HIS = {"target", "gone", "his", "shared"}
"""What the neighbour changes himself."""


def _lay_out(base: Path) -> None:
    """What the neighbour owns, and what root has in there and beside it."""
    os.chown(base, NEIGHBOUR, NEIGHBOUR)
    target = base / "target"
    target.mkdir(exist_ok=True)
    os.chown(target, NEIGHBOUR, NEIGHBOUR)
    for precious in (base / "precious", target / "roots"):
        precious.mkdir()
        (precious / "file").write_text("precious")
        (precious / "folder").mkdir()
    for place in ("everybodys", "shared", "his"):
        (target / place).mkdir()
        (target / place).chmod(0o777)
    os.chown(target / "his", NEIGHBOUR, NEIGHBOUR)
    for place in ("shared", "his"):
        (target / place / "precious").mkdir()
        (target / place / "precious" / "file").write_text("precious")


def _as_neighbour(target: Path, trick: Callable[[str], None]) -> bool:
    """Whether he could play his trick; not before there is a scratch directory."""
    pid = os.fork()
    if pid == 0:
        try:
            os.chdir(target)  # the way to it may be closed to him
            os.setgroups([])
            os.setresgid(NEIGHBOUR, NEIGHBOUR, NEIGHBOUR)
            os.setresuid(NEIGHBOUR, NEIGHBOUR, NEIGHBOUR)
            trick(next(name for name in os.listdir() if SCRATCH.fullmatch(name)))
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(pid, 0)[1] == 0


HOLDING = ("openat", "openat2", "close", "close_range", "dup2", "dup3")
"""The calls by which a process comes to hold a file, and to hold it no more."""


class Opened:
    """What our processes open that is the neighbour's, or root's in his reach."""

    def __init__(self, base: Path) -> None:
        self._base = f"{base}/"
        self._target = f"{base}/target"
        self._inode = os.stat(self._target).st_ino
        self._others = {path.lstat().st_ino for path in base.rglob("*")}
        self._opening: set[int] = set()
        self.wary = False
        """Whether there is anything to be fooled by."""
        self.problems: set[str] = set()

    def observe(self, call: Call) -> None:
        """Look, at the call that comes after an open(2), at all that its process holds."""
        if call.process == CALLER or not self.wary:
            return
        if call.pid in self._opening:
            self._look(call.pid)
        self._opening.discard(call.pid)
        if call.name in {"openat", "openat2"}:
            self._opening.add(call.pid)

    def _look(self, pid: int) -> None:
        for number in os.listdir(f"/proc/{pid}/fd"):
            held = f"/proc/{pid}/fd/{number}"
            with suppress(FileNotFoundError):  # one that another thread of it has closed
                name = os.readlink(held)
                if name.startswith(self._base) and self._is_others(name, os.stat(held)):
                    self._note(name, pid, number)

    def _note(self, name: str, pid: int, number: str) -> None:
        if not _flags(pid, number) & os.O_PATH:
            self.problems.add(f"{name} was opened")

    def _is_others(self, name: str, status: os.stat_result) -> bool:
        where, _, last = name.rpartition("/")
        if status.st_ino == self._inode:
            return False
        if where == self._target and SCRATCH.fullmatch(last) and stat.S_ISDIR(status.st_mode):
            return False  # that it is not ours is seen by looking at it
        return status.st_ino in self._others or status.st_uid == NEIGHBOUR


def _flags(pid: int, number: str) -> int:
    with open(f"/proc/{pid}/fdinfo/{number}", encoding="ascii") as info:
        return int(next(row.split()[1] for row in info if row.startswith("flags:")), 8)


def _swap(target: Path, attack: Attack, denied: dict[str, int]) -> Aftermath:
    base = target.parent / "base"
    base.mkdir()
    _lay_out(base)
    precious = [path for path in base.rglob("*") if path.name not in _HIS]
    before = {path.lstat().st_ino: _one(path) for path in precious}
    moment, opened = Moment(attack.place), Opened(base)

    def decide(watch: Watch, call: Call, place: Place) -> bool:
        if not moment.reached_at(place):
            return False
        if not _as_neighbour(base / "target", TRICKS[attack.how]):
            return False
        opened.wary = True
        watch.let(call)
        return True

    done = trial.attempt(
        str(base / "target"),
        decide,
        observe=opened.observe,
        denied=denied,
        asked={attack.place.name, *HOLDING, *denied},
        timeout=2,
        deadline=8,
    )
    there = [path for path in base.rglob("*") if path.lstat().st_ino in before]  # none of 4 GiB
    after = {path.lstat().st_ino: _one(path) for path in there}
    changed = {inode: after.get(inode) for inode, was in before.items() if after.get(inode) != was}
    # An empty directory under the name of the scratch goes; the neighbour may remove that himself.
    problems = [
        f"{before[inode]} became {now}"
        for inode, now in changed.items()
        if now or before[inode][-1]
    ]
    problems += opened.problems
    shutil.rmtree(base)
    return Aftermath(attack, done.hit, problems + survive(done))


def _one(path: Path) -> tuple[object, ...]:
    """All that a change of any kind would change: mode, owner, times, content."""
    one = path.lstat()
    what: object = sorted(os.listdir(path)) if stat.S_ISDIR(one.st_mode) else one.st_ctime_ns
    content = path.read_bytes() if stat.S_ISREG(one.st_mode) else b""
    return (one.st_mode, one.st_uid, one.st_gid, one.st_mtime_ns, content, what)


@pytest.mark.parametrize(
    ("denied", "thin", "step"),
    [({}, 1, 61), ({"openat2": errno.ENOSYS}, 4, 211)],
    ids=["", "before Linux 5.6"],
)
def test_a_neighbour_swaps_the_scratch_directory(
    denied: dict[str, int], thin: int, step: int, tmp_path: Path
) -> None:
    """Root's files in the neighbour's reach stay as they are, whenever he plays his trick."""
    calls = record(tmp_path, denied=denied).calls
    attacks = [
        Attack(call.place, trick)
        for call in calls
        if call.place.who == "worker"
        for trick in TRICKS
    ]
    dense = 20 * len(TRICKS)  # while it is made, opened and marked
    done = wage(_swap, tmp_path, attacks[:dense:thin] + some(attacks[dense:], step), denied)
    assert not any(one.problems for one in done), in_words(done)
    assert sum(one.hit is not None for one in done) > 0.9 * len(done)
