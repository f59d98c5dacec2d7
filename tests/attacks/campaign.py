"""Many trials on one directory: each attacks one call of a run; what went wrong, in words."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import fscaps

from . import trial
from .places import SCRATCH, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .trial import Seen, Trial

_WANTED = os.environ.get("FSCAPS_ATTACKS", "")
EVERY = bool(_WANTED)
"""Whether to attack every call, as before a release, or an even part of them, as CI does.

``all`` is every one at once, a number so many pieces, of which FSCAPS_OFFSET names one.
"""
_CLONE_NEWNS = 0x20000  # linux/sched.h
_MS_REC, _MS_PRIVATE, _MS_SHARED = 0x4000, 1 << 18, 1 << 20  # linux/mount.h
_LETTING_GO = 5.0
"""Seconds for the kernel to free a loop device whose last user is gone (drivers/block/loop.c)."""
EARLY = ("caller", "starting")


class Attack(NamedTuple):
    """What to do at which call."""

    place: Place
    how: str  # who is killed, or the name of the errno


class Moment:
    """A place that a survey has reached, or not yet."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._reached = False

    def reached_at(self, place: Place) -> bool:
        """Whether this is the place, or it was one before."""
        self._reached = self._reached or place == self._place
        return self._reached


class Aftermath(NamedTuple):
    """What an attack came to."""

    attack: Attack
    hit: Seen | None
    problems: list[str]


def some(attacks: list[Attack], step: int) -> list[Attack]:
    """All of them, or what CI takes: each so many-th of those in the worker, few of the others.

    A prime step meets every kind of attack in turn. FSCAPS_OFFSET moves them on, so that runs with
    another offset take others.
    """
    offset = int(os.environ.get("FSCAPS_OFFSET", "0"))
    if EVERY:
        pieces = int(_WANTED) if _WANTED.isdigit() else 1
        return attacks[offset % pieces :: pieces]
    late = [attack for attack in attacks if attack.place.who not in EARLY]
    early = [attack for attack in attacks if attack.place.who in EARLY]
    return early[offset % (10 * step) :: 10 * step] + late[offset % step :: step]


def record(base: Path, **options: Any) -> Trial:
    """A run that nobody disturbs, and all its calls."""
    target = base / "lane99" / "target"  # as deep as the others, so that the calls are the same
    target.mkdir(parents=True)
    with ProcessPoolExecutor(1, mp_context=_CONTEXT, initializer=_be_apart) as pool:
        done = pool.submit(_undisturbed, str(target), options).result()
    assert not survive(done)
    assert done.report is not None
    return done


def survive(done: Trial) -> list[str]:
    """What must never be, whatever is done: a process that stays, a traceback, no answer."""
    problems = []
    if done.lingering:
        problems.append("a process was left")
    if done.bug:
        problems.append(done.bug)
    if len(done.error.splitlines()) > 1:
        problems.append(f"more than a line: {done.error}")
    return problems


def _undisturbed(path: str, options: dict[str, Any]) -> Trial:
    _load_all(path)
    return trial.attempt(path, lambda *_: False, record=True, **options)


def wage(
    one: Callable[[Path, Attack, Any], Aftermath],
    base: Path,
    attacks: Sequence[Attack],
    context: Any = None,
) -> list[Aftermath]:
    """Carry out all attacks, on as many processors as there are, each in a directory below base."""
    places = [base / f"lane{lane}" for lane in range(os.cpu_count() or 1)]
    with ProcessPoolExecutor(len(places), mp_context=_CONTEXT, initializer=_be_apart) as pool:
        lanes = [
            pool.submit(_lane, one, place, attacks[lane :: len(places)], context)
            for lane, place in enumerate(places)
        ]
        return [aftermath for lane in lanes for aftermath in lane.result()]


_CONTEXT = multiprocessing.get_context("spawn")


def _be_apart() -> None:
    """See no mount that others make on this host, but each of ours that would reach them."""
    trial.become_reaper()
    libc = ctypes.CDLL(None, use_errno=True)
    alone = libc.unshare(_CLONE_NEWNS) == 0 and all(
        libc.mount(b"none", b"/", None, _MS_REC | kind, None) == 0
        for kind in (_MS_PRIVATE, _MS_SHARED)
    )
    assert alone, os.strerror(ctypes.get_errno())


def _load_all(path: str) -> None:
    """Have all that the caller needs loaded, and compiled: the calls are then as many each time."""
    fscaps.survey(path, only=["name.option"])


def _lane(
    one: Callable[[Path, Attack, Any], Aftermath],
    place: Path,
    attacks: Sequence[Attack],
    context: Any,
) -> list[Aftermath]:
    place.mkdir()
    target = place / "target"
    target.mkdir()
    _load_all(str(target))
    return [one(target, attack, context) for attack in attacks]


class Surroundings:
    """What must be the same afterwards: the mounts, and all files but our own scratch."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._before = self._look()

    def _look(self) -> tuple[set[str], set[str]]:
        return _mounts(), set(os.listdir(self._target.parent))

    def scratch(self) -> list[str]:
        """The scratch directories in the probed directory."""
        return [name for name in os.listdir(self._target) if SCRATCH.fullmatch(name)]

    def foreign(self) -> list[str]:
        """What else lies there; what a sweep left is that, too."""
        return [f"{name} was left" for name in os.listdir(self._target)]

    def problems(self) -> list[str]:
        """How they differ from what they were, and what is still on a loop device."""
        (mounts, files), (mounts_now, files_now) = self._before, self._look()
        # Others' mounts go with their mount points (fs/namespace.c:__detach_mounts).
        gone = [one for one in mounts - mounts_now if self._lies_on(one)]
        return [
            *(f"mounted: {one}" for one in mounts_now - mounts),
            *(f"unmounted: {one}" for one in gone),
            *(f"made or removed: {one}" for one in files ^ files_now),
            *(f"a loop device is left on {file}" for file in self._looped()),
        ]

    def _lies_on(self, mount: str) -> bool:
        return f"{self._target}/".startswith(mount.split()[4].rstrip("/") + "/")

    def _looped(self) -> list[str]:
        until = time.monotonic() + _LETTING_GO
        while (files := _on_loop_devices(self._target)) and time.monotonic() < until:
            os.sched_yield()
        return files


def _mounts() -> set[str]:
    return set(Path("/proc/self/mountinfo").read_text().splitlines())


def _on_loop_devices(target: Path) -> list[str]:
    """The files in a scratch directory there that loop devices are on."""
    # By the path's end: that of a file on a mount which we do not see begins at its root.
    end = f"/{target.parent.name}/{target.name}/"
    files = []
    for device in Path("/sys/block").glob("loop*/loop/backing_file"):
        with suppress(OSError):  # it has just been let go of
            files.append(os.fsdecode(device.read_bytes()).rstrip("\n"))
    return [file for file in files if end in file and SCRATCH.search(file)]


def in_words(done: Sequence[Aftermath]) -> str:
    """The problems, each with the attack that led to it."""
    lines = [f"{one.attack}, {one.hit}: {text}" for one in done for text in one.problems]
    return "\n".join([f"{len(lines)} problems", *lines[:60]])
