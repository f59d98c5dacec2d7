"""Calls relative to an open directory, where the kernel wants them again."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

import pytest

from fscaps._linux import libc
from fscaps._linux.directory import Directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Directory]:
    (tmp_path / "below").mkdir()
    (tmp_path / "below/file").touch()
    with Directory(os.open(tmp_path, os.O_RDONLY)) as opened:
        yield opened


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """A machine on which something is renamed at each of so many calls of openat2(2)."""
    syscall, left = libc.syscall, [0]

    def syscall_again(name: str, *arguments: Any) -> int:
        if name == "openat2" and left[0]:
            left[0] -= 1
            raise OSError(errno.EAGAIN, "openat2: Resource temporarily unavailable")
        return syscall(name, *arguments)

    def set_times(times: int) -> None:
        left[0] = times

    monkeypatch.setattr(libc, "syscall", syscall_again)
    return set_times


def test_what_is_renamed_elsewhere_meanwhile_does_not_matter(
    directory: Directory, busy: Callable[[int], None]
) -> None:
    """openat2(2): EAGAIN, "the caller may choose to retry"."""
    busy(3)
    with directory.beneath("below/file") as fd:
        assert os.read(fd, 1) == b""
    busy(3)
    with directory.same_mount("below") as below:
        assert below.names() == [b"file"]


def test_it_is_not_tried_for_ever(directory: Directory, busy: Callable[[int], None]) -> None:
    busy(10**9)
    with pytest.raises(BlockingIOError):
        directory.beneath("below/file")
