"""Opening files without openat2(2), as before Linux 5.6: nothing is opened that is not ours."""

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
