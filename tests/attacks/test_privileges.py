"""What the worker may do, and what it never does, as the kernel sees it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from . import interception, trial
from .places import CALLER, WORKER

if TYPE_CHECKING:
    from .interception import Call, Watch
    from .places import Place

pytestmark = pytest.mark.skipif(not interception.available(), reason="no seccomp_unotify(2) here")

MOUNTING = {"mount", "fsopen", "fsconfig", "fsmount", "move_mount", "open_tree"}
NEVER = {
    *("init_module", "finit_module", "delete_module", "kexec_load", "reboot", "swapon", "ptrace"),
    *("settimeofday", "clock_settime", "bpf", "iopl", "ioperm", "setns", "pivot_root"),
    *("connect", "chmod", "chown", "mknod", "unlink", "rmdir", "rename"),  # by path: never
}
# linux/capability.h
DROPPED = {
    "SETPCAP": 8,
    "NET_ADMIN": 12,
    "NET_RAW": 13,
    "SYS_MODULE": 16,
    "SYS_RAWIO": 17,
    "SYS_PTRACE": 19,
    "SYS_BOOT": 22,
    "SYS_NICE": 23,
    "SYS_TIME": 25,
    "AUDIT_WRITE": 29,
    "SYSLOG": 34,
    "BPF": 39,
    "CHECKPOINT_RESTORE": 40,
}


def asked(path: Path, **options: Any) -> set[str]:
    """The names of the calls that a survey makes in its own processes."""
    names: set[str] = set()

    def note(_watch: Watch, call: Call, _place: Place) -> bool:
        changes_none = call.name == "mount" and not call.text(2)  # what is seen of them, that is
        if call.process != CALLER and not changes_none:
            names.add(call.name)
        return False

    assert trial.attempt(str(path), note, **options).report is not None
    return names


def test_nothing_is_mounted_where_that_is_forbidden(tmp_path: Path) -> None:
    """Nor is a file system opened, which alone would have the kernel load its module."""
    assert MOUNTING & asked(tmp_path)
    assert not MOUNTING & asked(tmp_path, mount="never")


def test_what_is_never_asked_of_the_kernel(tmp_path: Path) -> None:
    """No module, no other's process, nothing by a path that somebody could change."""
    assert not NEVER & asked(tmp_path)


def test_the_worker_stands_in_nobody_s_directory(tmp_path: Path) -> None:
    """One that is left behind must not keep a file system from being unmounted."""
    places: set[str] = set()

    def look(_watch: Watch, call: Call, _place: Place) -> bool:
        if call.process == WORKER:
            places.add(os.readlink(f"/proc/{call.pid}/cwd"))
        return False

    assert trial.attempt(str(tmp_path), look, only=["directory.*"]).report is not None
    assert places == {"/"}


def test_what_no_probe_takes_is_given_up(tmp_path: Path) -> None:
    """By the time the path is touched."""
    held: list[int] = []

    def look(_watch: Watch, call: Call, _place: Place) -> bool:
        if call.process == WORKER and not held:
            status = Path(f"/proc/{call.pid}/status").read_text()
            held.extend(int(found, 16) for found in re.findall(r"Cap(?:Prm|Eff):\s*(\w+)", status))
        return False

    assert trial.attempt(str(tmp_path), look).report is not None
    assert len(held) == 2
    assert not [name for name, bit in DROPPED.items() if any(one >> bit & 1 for one in held)]
