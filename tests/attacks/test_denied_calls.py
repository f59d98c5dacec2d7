"""A sandbox around the caller denies a call (seccomp(2)), as those of containers do.

Of EPERM are those that a profile forbids, and in older ones all that it does not know; of ENOSYS
what newer profiles and older kernels do not know. No file system answers so: what cannot be asked
is unknown, with the reason, and all else is answered as before.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from typing import TYPE_CHECKING

import pytest

import fscaps
from fscaps import Outcome, Reason
from fscaps.render import json as form

from . import interception
from .campaign import Surroundings
from .test_failing_calls import ALIASES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(not interception.available(), reason="no names of system calls")

NEWER = (
    *("openat2", "fsopen", "fsconfig", "fsmount", "clone3", "waitid", "execveat", "renameat2"),
    *("pidfd_open", "fallocate", "unshare", "mount", "setgroups", "quotactl", "kcmp", "capset"),
    "umount2",
)
OLDER = (
    *("fchmod", "fchownat", "fsetxattr", "fgetxattr", "fremovexattr", "linkat", "mknodat"),
    *("renameat", "symlinkat", "utimensat", "bind", "fsync", "ftruncate", "fdatasync", "flock"),
    *("flistxattr", "readlinkat", "ioctl", "wait4", "mkdirat", "lseek", "pwrite64"),
    *("fchdir", "fadvise64", "kill", "socket", "prlimit64", "setresuid", "setresgid"),
)
BUILT_ON = ("rootless.setuid",)
"""What says where it stands instead: in a namespace that could not be left (overlay.lower)."""

_SET_MODE_FILTER = 1  # linux/seccomp.h
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06  # linux/filter.h
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_FIFTH = 48  # struct seccomp_data: args[4], its lower half
_AT_EMPTY_PATH = 0x1000


def _deny(name: str, code: int) -> None:
    """Have this process, and all that it starts, get that errno for that call."""
    number = _number(name)
    _filter(
        (_LOAD, 0, 0, 0),
        (_EQUAL, 0, 1, number),
        (_RETURN, 0, 0, _ERRNO | code),
        (_RETURN, 0, 0, _ALLOW),
    )
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.syscall(number, -1, -1, -1, -1, -1) == -1
    assert ctypes.get_errno() == code


def _look_up_no_empty_path(name: str, code: int) -> None:
    """Have this process, and all that it starts, get that errno for it with AT_EMPTY_PATH."""
    _filter(
        (_LOAD, 0, 0, 0),
        (_EQUAL, 0, 3, _number(name)),
        (_LOAD, 0, 0, _FIFTH),
        (_ANY_BIT, 0, 1, _AT_EMPTY_PATH),
        (_RETURN, 0, 0, _ERRNO | code),
        (_RETURN, 0, 0, _ALLOW),
    )


def _number(name: str) -> int:
    return next(number for number, known in interception.names().items() if known == name)


def _filter(*instructions: tuple[int, int, int, int]) -> None:
    rules = ctypes.create_string_buffer(
        b"".join(struct.pack("<HBBI", *one) for one in instructions)
    )
    program = struct.pack("<HxxxxxxQ", len(instructions), ctypes.addressof(rules))
    libc = ctypes.CDLL(None, use_errno=True)
    done = libc.syscall(_number("seccomp"), _SET_MODE_FILTER, 0, ctypes.c_char_p(program))
    assert done == 0, os.strerror(ctypes.get_errno())


def _without(
    name: str,
    code: int,
    answer: Path,
    say: Callable[[], str],
    deny: Callable[[str, int], None] = _deny,
) -> str:
    """What a process says, by way of that file, to which the call is denied."""
    pid = os.fork()
    if pid == 0:
        try:
            deny(name, code)
            answer.write_text(say())
        finally:
            os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    said = answer.read_text()
    answer.unlink()
    return said


def _survey_without(
    name: str,
    code: int,
    target: Path,
    deny: Callable[[str, int], None] = _deny,
) -> fscaps.Report:
    answer = target.parent / "answer"
    return form.load(_without(name, code, answer, lambda: form.render(fscaps.survey(target)), deny))


@pytest.fixture(scope="module")
def free(tmp_path_factory: pytest.TempPathFactory) -> fscaps.Report:
    """What is answered where nothing is denied."""
    return fscaps.survey(tmp_path_factory.mktemp("free"))


ATTACKS = [(name, code) for name in NEWER for code in ("EPERM", "ENOSYS")]
ATTACKS += [(name, "EPERM") for name in OLDER]
ATTACKS += [(name, "ENOSYS") for name in ("fdatasync", "flock", "readlinkat")]


@pytest.mark.parametrize(("name", "code"), ATTACKS)
def test_a_call_is_denied(name: str, code: str, tmp_path: Path, free: fscaps.Report) -> None:
    """There is a report that names it, nothing is left, and no answer is another but unknown."""
    target = tmp_path / "target"
    target.mkdir()
    around = Surroundings(target)
    denied = _survey_without(name, getattr(errno, code), target).findings
    changed = {
        probe: found
        for probe, found in denied.items()
        if found.outcome is not free.findings[probe].outcome
    }
    assert not [found for found in changed.values() if found.outcome is not Outcome.UNKNOWN]
    unnamed = [
        found
        for found in changed.values()
        if found.reason is not Reason.SKIPPED and not _is_named(name, found.detail)
    ]
    assert not [one for one in unnamed if one.probe not in BUILT_ON]
    assert not [one for one in around.problems() if str(tmp_path) in one]  # not others' mounts
    assert not around.foreign()


def _is_named(name: str, detail: str) -> bool:
    """Or that others, who use the same loop devices, were quicker."""
    return any(one in detail for one in (*ALIASES.get(name, (name,)), "no loop device"))


@pytest.mark.parametrize("name", ["poll", "read"])
def test_what_the_caller_cannot_do_without_is_an_error(name: str, tmp_path: Path) -> None:
    """One of ours, in a line; nothing is left."""
    target = tmp_path / "target"
    target.mkdir()
    fscaps.survey(target, only=["name.option"])  # all is imported that will be needed

    def surveyed() -> str:
        with pytest.raises(fscaps.SandboxError) as caught:
            fscaps.survey(target)
        return str(caught.value)

    words = _without(name, errno.EPERM, tmp_path / "answer", surveyed)
    assert words.endswith("Operation not permitted")
    assert len(words.splitlines()) == 1
    assert not os.listdir(target)


@pytest.mark.skipif(sys.byteorder != "little", reason="its filter looks at a lower half")
def test_an_empty_path_that_is_not_looked_up_keeps_no_program_from_running(tmp_path: Path) -> None:
    """TOMOYO on Linux 5.10 says ENOENT to it where ``/dev`` has no ``fd``, whatever lies there."""
    target = tmp_path / "target"
    target.mkdir()
    found = _survey_without("execveat", errno.ENOENT, target, _look_up_no_empty_path).findings
    asked = ("mode.execute", "mode.setuid", "overlay.execute", "overlay.special", "rootless.setuid")
    free = fscaps.survey(target, only=asked).findings
    assert {probe: found[probe].outcome for probe in asked} == {
        probe: free[probe].outcome for probe in asked
    }
