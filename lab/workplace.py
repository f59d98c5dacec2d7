"""Where a row is recorded: a directory that goes with it, or, where all was killed, by `sweep`.

A lock on it lives as long as the last process of the row, which nothing outlives.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lab.machine import groups_of, remove_groups
from lab.mounts import mounts_below

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = "lab-work-"


class Workplace(NamedTuple):
    """The directory, and a descriptor that holds it while any process has it."""

    path: Path
    lock: int


@contextmanager
def workplace(kind: str) -> Iterator[Workplace]:
    """Give an empty directory, and remove it."""
    with _alone():
        path = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{kind}-"))
        lock = _locked(path)
    try:
        yield Workplace(path, lock)
    finally:
        try:
            shutil.rmtree(path)
        finally:
            os.close(lock)


def sweep() -> list[Path]:
    """Remove what those left who were killed; give what."""
    swept = []
    with _alone():
        for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
            try:
                lock = _locked(path)
            except OSError:  # in use, or nothing of ours
                continue
            if not mounts_below(path):  # never delete through a mount
                remove_groups(groups_of(path))
                shutil.rmtree(path)
                swept.append(path)
            os.close(lock)
    return swept


def _locked(path: Path) -> int:
    lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise
    return lock


@contextmanager
def _alone() -> Iterator[None]:
    """Keep others from sweeping what is made and not yet locked."""
    descriptor = os.open(tempfile.gettempdir(), os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
