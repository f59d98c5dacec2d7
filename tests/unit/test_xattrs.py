"""Where pyxattr cannot be had, whatever the reason, the standard library's calls serve."""

from __future__ import annotations

import builtins
import errno
import os
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


@pytest.mark.parametrize("error", [ImportError("none"), OSError(errno.EACCES, "not yours")])
def test_an_import_that_fails_is_no_answer(
    error: Exception, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    load = builtins.__import__

    def refuse(name: str, *more: Any) -> Any:
        if name == "xattr":
            raise error
        return load(name, *more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    fd = os.open(tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(OSError, match=r"getxattr user\.fscaps") as failed:
            xattrs.get(fd, "user.fscaps")
    finally:
        os.close(fd)
    assert failed.value.errno in (errno.ENODATA, errno.ENOTSUP)
