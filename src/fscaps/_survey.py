"""One run: a path, its findings, the verdicts on them, a report."""

from __future__ import annotations

import os
import sys

from .errors import PlatformError

if sys.platform != "linux":  # where much of what follows cannot be imported
    raise PlatformError(f"fscaps runs on Linux only, not on {sys.platform}")

from . import engines, probes
from ._judge import judge, pick
from ._placement import placement
from ._sandbox import DEADLINE, TIMEOUT
from ._sandbox.supervisor import observe
from ._version import __version__
from .model import (
    Engine,
    Finding,
    Mounting,
    Outcome,
    Probe,
    Reason,
    Role,
    TargetError,
    printable,
)
from .report import Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Union

    from ._sandbox.child import Child

    StrPath = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]

_SHORTEST = 0.1
_PATH_MAX = 4096  # linux/limits.h


def survey(
    path: StrPath,
    *,
    roles: Iterable[str] | None = None,
    only: Iterable[str] = (),
    skip: Iterable[str] = (),
    mount: Mounting | str = Mounting.AUTO,
    timeout: float = TIMEOUT,
    deadline: float = DEADLINE,
    on_finding: Callable[[Finding], object] | None = None,
    on_asking: Callable[[str | None], object] | None = None,
    python: str | None = None,
    worker: Child | None = None,
    user: str | int | None = None,
    write: bool = True,
) -> Report:
    """Probe the file system at a directory, and judge it for each role of each engine.

    ``roles`` limits the verdicts, and the probes to what those need: ids such as
    ``docker/data-root``, globs of them, or an engine such as ``docker`` for its usual roles and, as
    alternatives, those of the drivers that it may pick by itself; with ``@`` and a version, such as
    ``docker@28.5``, for that version, else for the worst of all.
    ``only`` and ``skip`` choose probes by glob. ``mount`` says when a real overlay may be mounted
    (Mounting). ``timeout`` is the seconds for one probe, ``deadline`` for all; the call returns at
    most two seconds after it. ``on_finding`` is called with each finding as it comes, ``on_asking``
    with the id of the probe that is being asked, or None while the path is being opened or a store
    looked at: when it begins, and again and again until an answer comes. ``python`` is the
    interpreter for the child process, where sys.executable is none, as in a frozen application,
    which must have our source files unpacked; ``worker`` a child that was started ahead (fscaps'
    own command does) by a thread that is still there: it dies with that.
    ``user`` is the name or uid of somebody as whom root asks, with none of root's rights.
    Without ``write`` nothing is created, and what takes that is UNKNOWN (SKIPPED).

    Raises TargetError if the path is no directory that can be reached, UnknownRoleError,
    ValueError for other bad arguments, SandboxError if no child process can be started, or heard;
    and off Linux PlatformError, when this function is first looked up. Whatever the file system
    does is in the report.
    """
    given = _given(path)
    ids = _ids(user)
    names = None if roles is None else tuple(roles)
    chosen, whole = engines.roles(names), engines.whole(names)
    beside = engines.beside(names)
    needed = None if names is None else _needed([*chosen, *beside], whole)
    asked, left = _choose(needed, tuple(only), tuple(skip))
    seen = observe(
        given,
        [probe.id for probe in asked],
        mounting=Mounting(mount),
        timeout=_seconds("timeout", timeout),
        deadline=_seconds("deadline", deadline),
        python=python,
        on_finding=on_finding,
        on_asking=on_asking,
        worker=worker,
        ids=ids,
        writing=write,
        looking=True,
    )
    findings = {**seen.findings, **{probe.id: _unasked(probe) for probe in left}}
    verdicts = judge(findings, [*chosen, *beside])
    return Report(
        tool=f"fscaps {__version__}",
        path=os.fsdecode(given),
        resolved=seen.resolved,
        links=seen.links,
        host=seen.host,
        mount=seen.mount,
        findings=findings,
        verdicts=verdicts,
        picks={engine.id: pick(findings, engine) for engine in whole if engine.drivers},
        warnings=(*engines.unmeasured(chosen), *seen.warnings),
        placement=placement(seen.mount, verdicts),
        store=seen.store,
    )


def ask(
    path: StrPath,
    probe: Probe,
    *,
    mount: Mounting | str = Mounting.AUTO,
    timeout: float = TIMEOUT,
    python: str | None = None,
) -> Finding:
    """Ask one question of the file system at a directory, in the same sandbox; see survey()."""
    asked = [earlier.id for earlier in probes.in_order([probe])]
    seconds = _seconds("timeout", timeout)
    seen = observe(
        _given(path),
        asked,
        mounting=Mounting(mount),
        timeout=seconds,
        deadline=seconds * len(asked),
        python=python,
        on_finding=None,
    )
    return seen.findings[probe.id]


def _given(path: StrPath) -> bytes:
    given = os.fsencode(path)
    if not given:
        raise TargetError("", "the path is empty", "ENOENT")
    if b"\0" in given:
        raise TargetError(os.fsdecode(given), "a path cannot contain a NUL byte", "EINVAL")
    if len(given) >= _PATH_MAX:
        raise TargetError(os.fsdecode(given), "File name too long", "ENAMETOOLONG")
    return given


def _ids(user: str | int | None) -> list[int]:
    """The uid, gid and groups of a user, or nothing for ourselves."""
    if user is None:
        return []
    import pwd  # noqa: PLC0415 - loaded only where it is asked for

    name = str(user)
    try:
        is_number = name.isascii() and name.isdigit()
        found = pwd.getpwuid(int(name)) if is_number else pwd.getpwnam(name)
    except (KeyError, OverflowError):
        raise ValueError(f"there is no user {name}") from None
    if found.pw_uid == os.geteuid():
        return []
    if os.geteuid():
        raise ValueError(f"only root can ask as {name}")
    groups = os.getgrouplist(found.pw_name, found.pw_gid)
    return [found.pw_uid, found.pw_gid, *groups]


def _seconds(name: str, value: float) -> float:
    if not _SHORTEST <= value < float("inf"):
        raise ValueError(f"the {name} must be at least {_SHORTEST} seconds, not {value}")
    return float(value)


def _needed(roles: Iterable[Role], whole: Iterable[Engine]) -> list[Probe]:
    needs = [need for role in roles for need in role.needs]
    needs += [need for engine in whole for driver in engine.drivers for need in driver.chosen_if]
    return probes.in_order(probe for need in needs for probe in need.any_of)


def _choose(
    needed: list[Probe] | None, only: tuple[str, ...], skip: tuple[str, ...]
) -> tuple[list[Probe], list[Probe]]:
    """The probes to ask, with those they build on, and those left out by request."""
    _check_globs(only + skip)
    every = list(probes.every().values()) if needed is None else needed
    wanted = [
        probe
        for probe in every
        if (not only or _matches(probe, only)) and not _matches(probe, skip)
    ]
    asked = probes.in_order(wanted)
    ids = {probe.id for probe in asked}
    return asked, [probe for probe in every if probe.id not in ids]


def _check_globs(globs: tuple[str, ...]) -> None:
    for glob in globs:
        if not any(_matches(probe, (glob,)) for probe in probes.every().values()):
            raise ValueError(f"no probe matches {printable(glob)}")


def _matches(probe: Probe, globs: tuple[str, ...]) -> bool:
    if not globs:
        return False
    from fnmatch import fnmatchcase  # noqa: PLC0415 - loaded only where it is asked for

    return any(fnmatchcase(probe.id, glob) for glob in globs)


def _unasked(probe: Probe) -> Finding:
    return Finding(probe.id, Outcome.UNKNOWN, Reason.SKIPPED, None, "not asked, by request")
