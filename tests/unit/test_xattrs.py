"""Where pyxattr cannot be had, whatever the reason, the C library's calls serve."""

from __future__ import annotations

import builtins
import errno
import os
import tempfile
from typing import TYPE_CHECKING, Any

import pytest

from fscaps._linux import xattrs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _anew() -> Iterator[None]:
    """What was imported before, or was not, does not count."""
    xattrs._pyxattr.cache_clear()
    yield
    xattrs._pyxattr.cache_clear()


def _be_without(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """And without the os module's own calls, which are lacking where the C library is musl."""
    load = builtins.__import__

    def refuse(name: str, *more: Any) -> Any:
        if name == "xattr":
            raise error
        return load(name, *more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    for call in ("getxattr", "setxattr", "listxattr", "removexattr"):
        monkeypatch.delattr(os, call, raising=False)


@pytest.mark.parametrize("error", [ImportError("none"), OSError(errno.EACCES, "not yours")])
def test_an_import_that_fails_is_no_answer(
    error: Exception, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _be_without(monkeypatch, error)
    fd = os.open(tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(OSError, match=r"getxattr user\.fscaps") as failed:
            xattrs.get(fd, "user.fscaps")
    finally:
        os.close(fd)
    assert failed.value.errno in (errno.ENODATA, errno.ENOTSUP)


@pytest.fixture
def file() -> Iterator[int]:
    """One that can have attributes."""
    with tempfile.NamedTemporaryFile(dir="/var/tmp") as file:
        try:
            xattrs.put(file.fileno(), "user.other", b"else")
        except OSError as error:
            pytest.skip(f"/var/tmp: {error}")
        yield file.fileno()


@pytest.mark.parametrize("lacking", [None, ImportError("none")])
def test_what_is_put_is_got_and_listed_and_removed(
    lacking: Exception | None, file: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By pyxattr, and without it."""
    if lacking:
        _be_without(monkeypatch, lacking)
        xattrs._pyxattr.cache_clear()
    assert (xattrs._pyxattr() is None) == (lacking is not None)
    value = b"\0one\xfftwo\0"
    xattrs.put(file, "user.fscaps", b"first")
    xattrs.put(file, "user.fscaps", value)
    assert xattrs.get(file, "user.fscaps") == value
    there = {"user.fscaps", "user.other"}
    assert there <= set(xattrs.names(file))
    assert there <= set(xattrs.names_by_path(f"/proc/self/fd/{file}"))
    xattrs.remove(file, "user.fscaps")
    assert "user.fscaps" not in xattrs.names(file)
    with pytest.raises(OSError, match=r"^\[Errno 61\] getxattr user\.fscaps: "):
        xattrs.get(file, "user.fscaps")


@pytest.mark.parametrize("lacking", [None, ImportError("none")])
def test_an_entry_is_asked_and_not_what_it_leads_to(
    lacking: Exception | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link has no user attributes, and none of its target's (xattr(7))."""
    if lacking:
        _be_without(monkeypatch, lacking)
    (tmp_path / "link").symlink_to("/var/tmp")
    directory = os.open(tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(OSError, match=r"lgetxattr user\.fscaps") as failed:
            xattrs.get_of_entry(directory, "link", "user.fscaps")
    finally:
        os.close(directory)
    assert failed.value.errno in (errno.ENODATA, errno.EPERM, errno.ENOTSUP)
