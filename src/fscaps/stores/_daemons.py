"""Daemons that use a data-root by what they were told: their pid files and command lines.

What a lock shows is in _look; this shows a daemon also where its locks cannot be seen. Sources are
files of moby at v20.10.24.
"""

from __future__ import annotations

import json
import os

from .._linux import mountinfo, programs
from .._linux.directory import Directory
from ._look import STOP_IT, small

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from ._look import Look

_PROGRAM = "dockerd"
_PID_FILES = (("/run", "docker.pid"), ("/var/run", "docker.pid"))
_SETTINGS = ("/etc/docker", "daemon.json")
_DEFAULT = "/var/lib/docker"
_FLAGS = ("--data-root", "--graph", "-g")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def owned(look: Look, told: Collection[int]) -> None:
    """Tell of a dockerd on this data-root that no lock told of."""
    here = mountinfo.place(os.readlink(f"/proc/self/fd/{look.target.fd}"))
    owners = (0, os.fstat(look.target.fd).st_uid)
    seen = set(told)
    for pid, file in _candidates(look):
        if pid in seen or programs.owner(pid) not in owners:
            continue
        seen.add(pid)
        source, root = _data_root(pid)
        if here and mountinfo.place(root, pid) == here:
            look.found(
                "in-use",
                f"dockerd (process {pid}) runs with this data-root, by {source}{file}.",
                "cmd/dockerd/config.go:installCommonConfigFlags; pkg/pidfile/pidfile.go:New",
                STOP_IT,
                breaks=False,
            )


def _candidates(look: Look) -> Iterator[tuple[int, str]]:
    """The one that a pid file names, and those whose file is elsewhere (--pidfile)."""
    for folder, name in _PID_FILES:
        text = (_content(folder, name) or b"").strip()
        if text.isdigit() and programs.name(int(text)) == _PROGRAM:
            yield int(text), f" ({folder}/{name} names it)"
    for pid in programs.all_pids():
        if look.late:
            return
        if programs.name(pid) == _PROGRAM:
            yield pid, ""


def _data_root(pid: int) -> tuple[str, str]:
    """What names a process's data-root, and that; nothing if it has settings that are not seen."""
    flags = _flags(programs.arguments(pid))
    for flag in _FLAGS:
        if flag in flags:
            return flag, os.path.normpath(flags[flag])
    settings = "/".join(_SETTINGS)
    if programs.owner(pid) or "--config-file" in flags or not _shares(settings, pid):
        return "", ""
    if _is_absent(settings):
        return "default", _DEFAULT
    try:
        named = json.loads(_content(*_SETTINGS) or b"").get("data-root", _DEFAULT)
        return settings, os.path.normpath(named)
    except (ValueError, AttributeError, TypeError, RecursionError):
        return "", ""


def _flags(arguments: list[str]) -> dict[str, str]:
    """The options with their values, which follow after an equals sign or as the next word."""
    found = {}
    for word, following in zip(arguments, [*arguments[1:], ""]):
        flag, equals, value = word.partition("=")
        found[flag] = value if equals else following
    return found


def _shares(path: str, pid: int) -> bool:
    """Whether a process sees there what we see there."""
    ours = mountinfo.place(path)
    return ours is not None and mountinfo.place(path, pid) == ours


def _is_absent(path: str) -> bool:
    """Whether there certainly is nothing of that name."""
    try:
        os.lstat(path)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def _content(folder: str, name: str) -> bytes | None:
    """What is in a small file; None if there is none."""
    try:
        with Directory(os.open(folder, _FOLDER)) as directory:
            return small(directory, name)
    except OSError:
        return None
