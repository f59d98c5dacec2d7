"""A sandbox around the caller denies a call (seccomp(2), EPERM), as those of containers do.

No file system answers so: what cannot be asked is unknown, and all else is answered as before.
"""

from __future__ import annotations

import ctypes
import os
import struct
from typing import TYPE_CHECKING

import pytest

import fscaps
from fscaps import Outcome
from fscaps.render import json as form

from . import interception
from .campaign import Surroundings

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not interception.available(), reason="no names of system calls")

DENIED = ("mount", "unshare", "fsopen", "setgroups", "kcmp", "capset")

_SET_MODE_FILTER = 1  # linux/seccomp.h
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06  # linux/filter.h
_ALLOW, _ERRNO, _EPERM = 0x7FFF0000, 0x00050000, 1


def _deny(name: str) -> None:
    """Have this process, and all that it starts, get EPERM for that call."""
    numbers = {name: number for number, name in interception.names().items()}
    instructions = (
        (_LOAD, 0, 0, 0),
        (_EQUAL, 0, 1, numbers[name]),
        (_RETURN, 0, 0, _ERRNO | _EPERM),
        (_RETURN, 0, 0, _ALLOW),
    )
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *one) for one in instructions))
    program = struct.pack("<HxxxxxxQ", len(instructions), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    done = libc.syscall(numbers["seccomp"], _SET_MODE_FILTER, 0, ctypes.c_char_p(program))
    assert done == 0, os.strerror(ctypes.get_errno())
    assert libc.syscall(numbers[name], -1, -1, -1, -1, -1) == -1
    assert ctypes.get_errno() == _EPERM


def _survey_without(name: str, target: Path, answer: Path) -> fscaps.Report:
    pid = os.fork()
    if pid == 0:
        try:
            _deny(name)
            answer.write_text(form.render(fscaps.survey(target)))
        finally:
            os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    return form.load(answer.read_text())


@pytest.mark.parametrize("name", DENIED)
def test_a_call_is_denied(name: str, tmp_path: Path) -> None:
    """There is a report, nothing is left, and no answer is another one but unknown."""
    target = tmp_path / "target"
    target.mkdir()
    free = fscaps.survey(target).findings
    around = Surroundings(target)
    denied = _survey_without(name, target, tmp_path / "answer").findings
    (tmp_path / "answer").unlink()
    changed = {
        probe: (free[probe].outcome, found)
        for probe, found in denied.items()
        if found.outcome not in (free[probe].outcome, Outcome.UNKNOWN)
    }
    assert not changed
    assert not [one for one in around.problems() if str(tmp_path) in one]  # not others' mounts
    assert not around.foreign()
