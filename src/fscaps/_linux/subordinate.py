"""Subordinate ids (subuid(5), subgid(5)), and mapping them into another's user namespace."""

from __future__ import annotations

import os
import pwd
from contextlib import suppress

from .libc import naming
from .mounts import NamespaceError
from .processes import HelperDiedError, HelperTimeoutError, in_helper

ENOUGH = 65535
"""The highest id that an image made with care has; /etc/subuid usually has one more."""
_ANYBODY = 1000
_FIRST = 100000  # useradd(8): SUB_UID_MIN
_IDS = 1 << 32
_SAID = 300
_DIGITS = 10


class Range:
    """Ids that follow each other, and whose they are: a name or the number of a uid."""

    def __init__(self, owner: str, first: int, count: int) -> None:
        self.owner = owner
        self.first = first
        self.count = count


class User:
    """Somebody, and the ids that he may map besides his own."""

    def __init__(
        self, uid: int, gid: int, uids: tuple[Range, ...] = (), gids: tuple[Range, ...] = ()
    ) -> None:
        self.uid = uid
        self.gid = gid
        self.uids = uids
        self.gids = gids

    @property
    def last(self) -> int:
        """The highest id in his namespace that is a uid and a gid; 0 is he himself."""
        return min(sum(one.count for one in ranges) for ranges in (self.uids, self.gids))

    @property
    def is_sound(self) -> bool:
        """Whether the kernel takes his ranges: none is empty, and none lies in another."""
        return _are_apart(self.uid, self.uids) and _are_apart(self.gid, self.gids)


def _are_apart(own: int, ranges: tuple[Range, ...]) -> bool:
    spans = sorted([(own, own + 1), *((one.first, one.first + one.count) for one in ranges)])
    ends = [0, *(end for _, end in spans)]
    return all(end <= first < after <= _IDS for end, (first, after) in zip(ends, spans))


def somebody(seconds: float = 1.0) -> User:
    """For root, who asks for nobody in particular: the first user with enough, or one made up.

    What another cannot do for want of ids would say nothing of the file system; so somebody of whom
    no server tells in so many seconds is passed over, with all after him.
    """
    uids, gids = _ranges("/etc/subuid"), _ranges("/etc/subgid")
    with suppress(HelperTimeoutError, HelperDiedError):
        for owner in dict.fromkeys(one.owner for one in uids):
            account = _account(owner, seconds)
            if account and account.uid:
                user = _user(account, uids, gids)
                if user.last >= ENOUGH and user.is_sound:
                    return user
    free = max([_FIRST, *(one.first + one.count for one in (*uids, *gids))])
    made_up = Range("", free if free + ENOUGH < _IDS else _FIRST, ENOUGH)
    return User(_ANYBODY, _ANYBODY, (made_up,), (made_up,))


def ourselves(seconds: float = 1.0) -> User:
    """For a user: himself, with all the ranges that the two files give him.

    Raises HelperTimeoutError if nobody tells his name in so many seconds.
    """
    uids, gids = _ranges("/etc/subuid"), _ranges("/etc/subgid")
    account = _account(str(os.geteuid()), seconds) if uids or gids else None
    name = account.name if account else ""
    return _user(_Account(name, os.geteuid(), os.getegid()), uids, gids)


def other_source() -> str:
    """Who knows of ids instead of the two files, if nsswitch.conf(5) says so; else empty.

    (shadow lib/nss.c:nss_init, which newuidmap and getsubids share)
    """
    rows = (line for line in _lines("/etc/nsswitch.conf") if line.lower().startswith("subid:"))
    named = next((words for words in (row.partition(":")[2].split() for row in rows) if words), [])
    return named[0] if named and named[0] != "files" else ""


class _Account:
    """What matters of a line of passwd(5)."""

    def __init__(self, name: str, uid: int, gid: int) -> None:
        self.name = name
        self.uid = uid
        self.gid = gid


def _user(account: _Account, uids: tuple[Range, ...], gids: tuple[Range, ...]) -> User:
    """With the ranges of his name and of his number, as rootlesskit and podman take them.

    The group's name is not asked: in /etc/subgid, too, the owner is a user.
    """
    both = (account.name, str(account.uid))
    return User(
        account.uid,
        account.gid,
        tuple(one for one in uids if one.owner in both),
        tuple(one for one in gids if one.owner in both),
    )


def _ranges(path: str) -> tuple[Range, ...]:
    """The lines that are well formed."""
    rows = (line.strip().split(":") for line in _lines(path))
    return tuple(Range(row[0], int(row[1]), int(row[2])) for row in rows if _is_sound(row))


def _is_sound(row: list[str]) -> bool:
    is_whole = len(row) == 3 and bool(row[0])  # noqa: PLR2004 - an owner and two numbers
    return is_whole and all(_is_number(one) and len(one) <= _DIGITS for one in row[1:])


def _lines(path: str) -> list[str]:
    """The lines of a file, none if there is none."""
    try:
        with naming(path), open(path, encoding="utf-8", errors="replace") as table:
            return list(table)
    except FileNotFoundError:
        return []


def _account(owner: str, seconds: float) -> _Account | None:
    """The user of this name or number: by /etc/passwd, or by whom nsswitch.conf(5) names.

    Those are asked by a helper, as they may be on a server that is silent.
    """
    for account in filter(None, map(_parsed, _lines("/etc/passwd"))):
        if owner == (str(account.uid) if _is_number(owner) else account.name):
            return account
    return _parsed(in_helper(lambda: _looked_up(owner), seconds))


def _parsed(line: str) -> _Account | None:
    row = line.split(":")
    row[1:2] = []  # the password
    return _Account(row[0], int(row[1]), int(row[2])) if _is_sound(row[:3]) else None


def _looked_up(owner: str) -> str:
    try:
        found = pwd.getpwuid(int(owner)) if _is_number(owner) else pwd.getpwnam(owner)
    except (KeyError, OverflowError, ValueError):  # no name at all
        return ""
    return f"{found.pw_name}:x:{found.pw_uid}:{found.pw_gid}"


def _is_number(owner: str) -> bool:
    return owner.isascii() and owner.isdigit()


def map_ids(pid: int, user: User) -> None:
    """Map 0 to the user and what follows to his ranges, in the user namespace of a process.

    Root writes the maps himself, a user by newuidmap(1) and newgidmap(1). Raises NamespaceError.
    """
    for kind, own, ranges in (("uid", user.uid, user.uids), ("gid", user.gid, user.gids)):
        rows = _rows(own, ranges)
        if os.geteuid() == 0:
            _write(f"/proc/{pid}/{kind}_map", "".join(f"{a} {b} {c}\n" for a, b, c in rows))
        else:
            numbers = [str(number) for row in rows for number in row]
            _run(f"new{kind}map", str(pid), *numbers)


def _rows(own: int, ranges: tuple[Range, ...]) -> list[tuple[int, int, int]]:
    """One after the other.

    (rootlesskit v1.1.0 pkg/parent/parent.go:newugidmapArgsFromSubIDRanges; podman v4.3.1
    pkg/rootless/rootless_linux.go:tryMappingTool)
    """
    rows = [(0, own, 1)]
    for one in ranges:
        rows.append((sum(rows[-1][::2]), one.first, one.count))
    return rows


def last_mapped() -> int:
    """The highest id of our namespace that is a uid and a gid, of maps such as those above."""
    return min(_mapped("/proc/self/uid_map"), _mapped("/proc/self/gid_map")) - 1


def _mapped(path: str) -> int:
    with naming(path), open(path, encoding="ascii") as table:
        return sum(int(line.split()[2]) for line in table)


def _write(path: str, text: str) -> None:
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(fd, text.encode())
        finally:
            os.close(fd)
    except OSError as error:
        raise NamespaceError(f"write {path}: {error.strerror}", error.errno) from None


def _run(program: str, *args: str) -> None:
    said, theirs = os.pipe()
    with open(said, encoding="utf-8", errors="replace") as words:
        try:
            status = _status(theirs, program, *args)
        finally:
            os.close(theirs)
        if status:
            why = " ".join(words.read(_SAID).split())
            raise NamespaceError(f"{program} refused: {why}" if why else f"{program} refused")


def _status(says: int, program: str, *args: str) -> int:
    """How the program ended, its errors written to that descriptor."""
    actions = [
        *((os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_RDWR, 0) for fd in (0, 1)),
        (os.POSIX_SPAWN_DUP2, says, 2),
    ]
    try:
        pid = os.posix_spawnp(program, [program, *args], os.environ, file_actions=actions)
    except FileNotFoundError:
        raise NamespaceError(f"{program} is not installed (Debian's package uidmap)") from None
    return os.waitpid(pid, 0)[1]
