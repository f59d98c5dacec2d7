"""A path of several names, walked beneath a directory."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from fscaps._linux import libc
from fscaps._linux.directory import Directory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Directory]:
    (tmp_path / "file").write_text("content")
    with Directory(os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)) as opened:
        yield opened


def test_a_path_is_walked_again_where_something_was_renamed_meanwhile(
    place: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As openat2(2) says with EAGAIN; the call is replaced, since nobody can time that."""
    answers, call = [errno.EAGAIN] * 3, libc.syscall

    def interrupted(name: str, *args: bytes | int | None) -> int:
        if answers:
            raise OSError(answers.pop(), "openat2")
        return call(name, *args)

    monkeypatch.setattr(libc, "syscall", interrupted)
    with place.beneath("file") as fd:
        assert os.read(fd, 100) == b"content"
    assert answers == []


def test_a_path_is_not_walked_for_ever(place: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.EAGAIN, "openat2")

    monkeypatch.setattr(libc, "syscall", refuse)
    with pytest.raises(OSError, match="openat2"):
        place.beneath("file")
