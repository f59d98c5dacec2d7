"""A path of several names, walked beneath a directory: again, and without openat2(2)."""

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
    (tmp_path / "below").mkdir()
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
    answers.append(errno.EAGAIN)
    with place.same_mount("below") as below:
        assert below.names() == []
    assert answers == []


def test_a_path_is_not_walked_for_ever(place: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.EAGAIN, "openat2")

    monkeypatch.setattr(libc, "syscall", refuse)
    with pytest.raises(OSError, match="openat2"):
        place.beneath("file")


@pytest.fixture(params=["ENOSYS", "EPERM"])
def directory(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Directory]:
    """One with a file, and with links that lead to it and elsewhere."""
    code, syscall = getattr(errno, request.param), libc.syscall

    def refuse(name: str, *arguments: int | bytes | None) -> int:
        if name == "openat2":
            raise OSError(code, name)
        return syscall(name, *arguments)

    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_text("content")
    os.mkfifo(tmp_path / "folder" / "fifo")
    for name, target in {"in": "folder", "out": "/proc/self", "device": "/dev"}.items():
        (tmp_path / name).symlink_to(target)
    monkeypatch.setattr(libc, "syscall", refuse)
    with Directory(os.open(tmp_path, os.O_RDONLY)) as opened:
        yield opened


def test_a_file_is_read_through_a_link_that_stays_here(directory: Directory) -> None:
    with directory.beneath("in/file") as fd:
        assert os.read(fd, 100) == b"content"


@pytest.mark.parametrize("path", ["out/status", "device/null", "in/fifo", "folder"])
def test_nothing_else_is_opened(directory: Directory, path: str) -> None:
    """Neither what lies elsewhere, nor what has an effect when it is opened."""
    with pytest.raises(OSError, match="open") as raised, directory.beneath(path):
        pass
    assert raised.value.errno == errno.EXDEV


def test_no_link_is_taken_for_a_directory(directory: Directory) -> None:
    with pytest.raises(NotADirectoryError), directory.same_mount("in"):
        pass
    with directory.same_mount("folder") as folder:
        assert b"file" in folder.names()
