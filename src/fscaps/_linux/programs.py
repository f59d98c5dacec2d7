"""What other processes run, as far as /proc tells anybody (proc(5)); none is touched."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_LIMIT = 64 << 10


def all_pids() -> Iterator[int]:
    """The processes that can be seen."""
    try:
        with os.scandir("/proc") as entries:
            for entry in entries:
                if entry.name.isdigit():
                    yield int(entry.name)
    except OSError:
        return


def name(pid: int) -> str:
    """What the process calls itself; empty if it is gone or may not be asked."""
    return _read(pid, "comm").strip()


def arguments(pid: int) -> list[str]:
    """Its command line; empty if it is gone or may not be asked."""
    return _read(pid, "cmdline").split("\0")[:-1]


def owner(pid: int) -> int | None:
    """The uid that it has, or root's where it may not be traced; None if it is gone."""
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return None


def _read(pid: int, what: str) -> str:
    try:
        with open(f"/proc/{pid}/{what}", "rb") as file:
            return os.fsdecode(file.read(_LIMIT))
    except OSError:
        return ""
