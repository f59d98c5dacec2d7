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
from typing import TYPE_CHECKING

import pytest

import fscaps
from fscaps import Outcome, Reason
from fscaps.render import json as form

from . import interception
from .campaign import Surroundings

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not interception.available(), reason="no names of system calls")

NEWER = (
    *("openat2", "fsopen", "fsconfig", "fsmount", "clone3", "waitid", "execveat", "renameat2"),
    *("pidfd_open", "fallocate", "unshare", "mount", "setgroups", "quotactl", "kcmp", "capset"),
)
OLDER = (
    *("fchmod", "fchownat", "fsetxattr", "fgetxattr", "fremovexattr", "linkat", "mknodat"),
    *("renameat", "symlinkat", "utimensat", "bind", "fsync", "ftruncate"),
)
NAMES = {
    "fchmod": ("chmod",),
    "fchownat": ("lchown",),
    "fsetxattr": ("setxattr",),
    "fgetxattr": ("getxattr",),
    "fremovexattr": ("removexattr",),
    "linkat": ("link",),
    "mknodat": ("mknod", "mkfifo"),
    "renameat": ("rename",),
    "symlinkat": ("symlink",),
}
"""What the libc calls them."""
BUILT_ON = ("rootless.setuid",)
"""What says where it stands instead: in a namespace that could not be left (overlay.lower)."""

_SET_MODE_FILTER = 1  # linux/seccomp.h
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06  # linux/filter.h
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000


def _deny(name: str, code: int) -> None:
    """Have this process, and all that it starts, get that errno for that call."""
    numbers = {name: number for number, name in interception.names().items()}
    instructions = (
        (_LOAD, 0, 0, 0),
        (_EQUAL, 0, 1, numbers[name]),
        (_RETURN, 0, 0, _ERRNO | code),
        (_RETURN, 0, 0, _ALLOW),
    )
    rules = ctypes.create_string_buffer(
        b"".join(struct.pack("<HBBI", *one) for one in instructions)
    )
    program = struct.pack("<HxxxxxxQ", len(instructions), ctypes.addressof(rules))
    libc = ctypes.CDLL(None, use_errno=True)
    done = libc.syscall(numbers["seccomp"], _SET_MODE_FILTER, 0, ctypes.c_char_p(program))
    assert done == 0, os.strerror(ctypes.get_errno())
    assert libc.syscall(numbers[name], -1, -1, -1, -1, -1) == -1
    assert ctypes.get_errno() == code


def _survey_without(name: str, code: int, target: Path, answer: Path) -> fscaps.Report:
    pid = os.fork()
    if pid == 0:
        try:
            _deny(name, code)
            answer.write_text(form.render(fscaps.survey(target)))
        finally:
            os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    return form.load(answer.read_text())


@pytest.fixture(scope="module")
def free(tmp_path_factory: pytest.TempPathFactory) -> fscaps.Report:
    """What is answered where nothing is denied."""
    return fscaps.survey(tmp_path_factory.mktemp("free"))


ATTACKS = [(name, code) for name in NEWER for code in ("EPERM", "ENOSYS")]
ATTACKS += [(name, "EPERM") for name in OLDER]


@pytest.mark.parametrize(("name", "code"), ATTACKS)
def test_a_call_is_denied(name: str, code: str, tmp_path: Path, free: fscaps.Report) -> None:
    """There is a report that names it, nothing is left, and no answer is another but unknown."""
    target = tmp_path / "target"
    target.mkdir()
    around = Surroundings(target)
    denied = _survey_without(name, getattr(errno, code), target, tmp_path / "answer").findings
    (tmp_path / "answer").unlink()
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
    return any(one in detail for one in (*NAMES.get(name, (name,)), "no loop device"))
