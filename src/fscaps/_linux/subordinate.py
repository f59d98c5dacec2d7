"""Subordinate ids (subuid(5)), and mapping them into another process's user namespace."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass

from .mounts import NamespaceError

_COUNT = 65536
_ANYBODY = 1000


@dataclass(frozen=True)
class User:
    """Somebody, and the ids that he may map besides his own."""

    uid: int
    gid: int
    first: int
    count: int


def somebody() -> User:
    """For root: the first user with a range of his own, else one that nobody else has."""
    for name, first, count in _ranges():
        found = _known(name)
        if found and found[0]:
            return User(*found, first, count)
    return User(_ANYBODY, _ANYBODY, 100000, _COUNT)


def ourselves() -> User | None:
    """For a user: himself with his range; None if he has none."""
    uid, gid = os.geteuid(), os.getegid()
    for name, first, count in _ranges():
        found = _known(name)
        if found and found[0] == uid:
            return User(uid, gid, first, count)
    return None


def _ranges() -> list[tuple[str, int, int]]:
    """The lines of /etc/subuid that can be read."""
    try:
        with open("/etc/subuid", encoding="utf-8", errors="replace") as table:
            rows = [line.strip().split(":") for line in table]
    except OSError:
        return []
    return [
        (row[0], int(row[1]), int(row[2]))
        for row in rows
        if len(row) == 3 and row[1].isdigit() and row[2].isdigit()  # noqa: PLR2004 - three fields
    ]


def _known(name: str) -> tuple[int, int] | None:
    """The uid and gid of a user by name or number."""
    try:
        entry = pwd.getpwuid(int(name)) if name.isdigit() else pwd.getpwnam(name)
    except (KeyError, OverflowError):
        return None
    return entry.pw_uid, entry.pw_gid


def map_ids(pid: int, user: User) -> None:
    """Map 0 to the user and what follows to his range, in the user namespace of a process.

    Root writes the maps himself, a user by newuidmap(1) and newgidmap(1). Raises NamespaceError.
    """
    for kind, own in (("uid", user.uid), ("gid", user.gid)):
        rows = ((0, own, 1), (1, user.first, user.count))
        if os.geteuid() == 0:
            _write(f"/proc/{pid}/{kind}_map", "".join(f"{a} {b} {c}\n" for a, b, c in rows))
        else:
            numbers = [str(number) for row in rows for number in row]
            _run(f"new{kind}map", str(pid), *numbers)


def _write(path: str, text: str) -> None:
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(fd, text.encode())
        finally:
            os.close(fd)
    except OSError as error:
        raise NamespaceError(f"write {path}: {error.strerror}") from None


def _run(program: str, *args: str) -> None:
    quiet = [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_RDWR, 0) for fd in (0, 1, 2)]
    try:
        pid = os.posix_spawnp(program, [program, *args], os.environ, file_actions=quiet)
    except FileNotFoundError:
        raise NamespaceError(f"{program} is not installed (Debian's package uidmap)") from None
    if os.waitpid(pid, 0)[1]:
        raise NamespaceError(f"{program} refused")
