"""System calls by name: each reaches the kernel as itself, whatever uname(2) calls the machine."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest
from unit.running import python

from fscaps import load
from fscaps._linux import libc
from fscaps._linux.directory import NOREPLACE, Directory

if TYPE_CHECKING:
    from pathlib import Path

# personality(PER_LINUX32), as setarch(8) and 32-bit containers have it
AS_32_BIT = """
import ctypes, os, runpy, sys
assert ctypes.CDLL(None).personality(8) != -1
sys.argv[1:] = ["--json", "--mount", "never", {place!r}]
runpy.run_module("fscaps", run_name="__main__", alter_sys=True)
"""
NATIVE = AS_32_BIT.replace("assert", "#")


def test_under_another_personality_all_answers_are_the_same(place: Path) -> None:
    """Uname(2) then says i686 of x86_64, armv8l of aarch64; the process is what it was."""
    told = [load(python(code.format(place=str(place))).stdout) for code in (NATIVE, AS_32_BIT)]
    native, other = ({p: f.outcome for p, f in one.findings.items()} for one in told)
    assert other == native


@pytest.fixture
def old_libc(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that has none of the functions, as glibc before 2.28."""
    function = libc._function
    monkeypatch.setattr(libc, "_function", lambda name: function(name) if name in OLD else None)


OLD = ("syscall", "close")


@pytest.mark.usefixtures("old_libc")
def test_by_number_where_libc_has_no_function(tmp_path: Path) -> None:
    """The numbers are those of this machine: a directory is listed, a rename refused."""
    if libc.abi() not in libc._NUMBERS:
        pytest.skip("no numbers are known of this machine")
    for name in ("one", "two"):
        (tmp_path / name).touch()
    with Directory(os.open(tmp_path, os.O_RDONLY)) as directory:
        assert sorted(directory.names()) == [b"one", b"two"]
        with pytest.raises(FileExistsError, match="renameat2"):
            directory.rename("one", "two", NOREPLACE)


@pytest.mark.usefixtures("old_libc")
@pytest.mark.parametrize("abi", [(62, 4), (183, 4), (8, 4), (0x9026, 8)])
@pytest.mark.parametrize("name", ["getdents64", "renameat2", "fsopen"])
def test_nothing_is_called_by_a_number_that_is_not_known(
    name: str, abi: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """X32, ILP32, MIPS, Alpha: 61 is chroot(2) on another machine."""
    monkeypatch.setattr(libc, "abi", lambda: abi)
    monkeypatch.setattr(libc, "call", lambda *_: pytest.fail("a call was made"))
    with pytest.raises(OSError, match=name) as raised:
        libc.syscall(name, -1, None)
    assert raised.value.errno == errno.ENOSYS
