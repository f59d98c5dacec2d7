"""The child: the only process that touches the path. It asks, and streams what it finds."""

from __future__ import annotations

import errno
import os
import time
from contextlib import suppress
from dataclasses import replace

from .. import probes, stores
from .._linux import calls, denied, ioctls, mountinfo, processes
from .._linux.directory import Directory, read_line, write_all
from .._linux.libc import naming
from ..findings import Finding, Outcome, Probe, Reason
from ..probes import Answer, No, Unknown
from ..probes._area import Area
from . import place, scratch
from .wire import LINE_LIMIT, REQUEST_LIMIT, Cleaning, decode_request, line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .wire import Request

_REFUSALS = (errno.EPERM, errno.EACCES)
_DETAIL_LIMIT = 500
_DESCRIPTORS = 1024
"""More than the probes open: the lowest number that is free is taken (open(2))."""
_LOOKING = 0.5  # seconds for a store, of whatever size
_PATIENCE = 0.5  # seconds for helpers that were let go, which take a fraction of a millisecond


def main() -> None:
    """Answer the one request on standard input with events on standard output."""
    known = probes.every()  # which takes as long as the supervisor takes to ask
    processes.die_with(os.getppid())  # who else has its end of the pipe may not close it
    asked = read_line(0, REQUEST_LIMIT)
    if not asked:
        return  # the supervisor has changed its mind, or died
    request = decode_request(asked)
    processes.die_with(request.parent)
    os.umask(0o077)
    if request.ids:
        processes.become(*request.ids)
        processes.die_with(request.parent)  # which a change of ids forgets
    if isinstance(request, Cleaning):
        _clean(request)
    else:
        _answer_all(request, [known[name] for name in request.probes])


def _be_modest() -> None:
    """Not before the path is open: one below /proc/PID/root takes CAP_SYS_PTRACE."""
    try:
        processes.drop_capabilities()
    except OSError:
        return  # no probe depends on it


def _answer_all(request: Request, asked: list[Probe]) -> None:
    try:
        area = _located(request)
    except OSError as error:
        _tell("cannot", errno=_name(error), text=_words(error))
        return
    _be_modest()
    os.chdir("/")  # a process left behind must keep nobody's directory busy
    with area.target:
        _survey(area, asked, request.writing)
        if request.looking:
            _look(area)
    processes.reap(_PATIENCE)
    _tell("done")


def _clean(request: Cleaning) -> None:
    # Nothing is asked of it but the one name: the path may lead elsewhere by now.
    flags = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
    with Directory(os.open(request.path, flags)) as target:
        _be_modest()
        scratch.remove_by_name(target, request.name, tuple(request.made))
    _tell("done")


def _tell(event: str, **body: object) -> None:
    """Say one of the events of protocol.py, by the name of its class in lower case."""
    _write(line(event, **body))


def _write(told: bytes) -> None:
    with naming("write to the supervisor"):
        write_all(1, told)


def _located(request: Request) -> Area:
    """Open the path and tell where it leads, before anything that a dead server might block."""
    path = request.path
    fd = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    resolved = os.readlink(f"/proc/self/fd/{fd}")
    host, mount = place.host(), place.mount(fd)
    told = line("located", resolved=resolved, links=place.links(path), host=host, mount=mount)
    if len(told) > LINE_LIMIT:  # of an overlay with very many layers
        mount = None
        told = line("located", resolved=resolved, links=[], host=host, mount=None)
    _write(told)
    if mount:
        mount = replace(mount, magic=mountinfo.magic(fd))
        _tell("identified", mount=mount)
    target, patience = Directory(place.readable(fd)), request.timeout / 2
    area = Area(target, resolved, host, mount, mounting=request.mounting, seconds=patience)
    area.readable = target.fd != fd
    return area


def _look(area: Area) -> None:
    """Tell what an engine has laid down here, if any has."""
    _tell("looking")
    try:
        store = stores.look(area.target, min(_LOOKING, area.seconds))
        if store:
            _tell("stored", store=store)
    except OSError as error:
        _tell("warned", text=f"an engine's store could not be looked at: {_words(error)}")


def _survey(area: Area, asked: list[Probe], writing: bool) -> None:  # noqa: FBT001 - by request
    name, identity = _make_scratch(area) if writing else ("", ())
    if not writing:
        area.directory = Unknown(Reason.SKIPPED, "nothing is written, by request")
    try:
        _ask_all(asked, area)
    finally:
        for end in area.endings:
            end()
        if isinstance(area.directory, Directory):
            _remove(area.target, name, identity, area.directory)


def _make_scratch(area: Area) -> tuple[str, tuple[int, ...]]:
    """Make the scratch directory, and sweep; its name, and what tells it from others."""
    refused = _refused(area.target)
    if refused:
        area.directory = refused
        return "", ()
    try:
        name = scratch.new_name()
        _tell("scratch", name=name)
    except OSError as error:
        detail = f"could not prepare: {_words(error)}"
        area.directory = Unknown(Reason.ERROR, detail, errno=_name(error))
        return "", ()
    try:
        area.directory, identity = scratch.make(area.target, name)
    except OSError as error:
        area.directory = error
        _tell_if_left(area.target, name)
        return "", ()
    _tell("made", identity=identity)
    if area.readable:
        _sweep(area.target, area.directory)
    return name, identity


def _tell_if_left(target: Directory, name: str) -> None:
    """What is there under that name may be another's by now, so that it is only told."""
    with suppress(OSError):
        if target.exists(name):
            _tell("warned", text=f"the scratch directory {name} may have been left behind")


def _refused(target: Directory) -> Unknown | OSError | None:
    """Why none is made, where that is known without a try."""
    if not _is_append_only(target):
        return None
    # It could not be removed; whether it would be allowed can be told.
    if not os.access(".", os.W_OK | os.X_OK, dir_fd=target.fd, effective_ids=True):
        return PermissionError(errno.EACCES, "access: Permission denied")
    detail = "not tried: in an append-only directory it could not be removed"
    return Unknown(Reason.UNSAFE, detail)


def _is_append_only(target: Directory) -> bool:
    try:
        return ioctls.is_append_only(target.fd)
    except OSError:
        return False  # not to be learned; directory.changeable tells why


def _sweep(target: Directory, directory: Directory) -> None:
    failure: OSError | None = None
    try:
        ours = calls.fstat(directory.fd)
        for leftover in scratch.leftovers(target, ours.st_mtime):
            failure = _sweep_one(target, leftover, ours) or failure
    except OSError as error:
        failure = error
    if failure:
        _tell("warned", text=f"what an earlier run left could not be removed: {_words(failure)}")


def _sweep_one(target: Directory, leftover: str, ours: os.stat_result) -> OSError | None:
    try:
        if scratch.sweep(target, leftover, ours):
            _tell("warned", text=f"removed {leftover}, which an earlier run left behind")
    except OSError as error:
        return error
    return None


def _remove(target: Directory, name: str, made: tuple[int, ...], directory: Directory) -> None:
    try:
        scratch.remove(target, name, directory)
    except OSError:
        _close_all_but(target.fd)  # what the probes keep open may be all that we may have
        _remove_again(target, name, made)


def _close_all_but(kept: int) -> None:
    os.closerange(3, kept)
    os.closerange(kept + 1, _DESCRIPTORS)


def _remove_again(target: Directory, name: str, made: tuple[int, ...]) -> None:
    """What failed may have been of the moment: ESTALE, EINTR, ENOMEM, a file still open."""
    try:
        scratch.remove_by_name(target, name, made)
    except OSError as error:
        _tell("left", text=_words(error))


def _ask_all(asked: list[Probe], area: Area) -> None:
    answered = b""
    for probe in probes.in_order(asked):
        # An answer goes with the next question: each write wakes the supervisor.
        write_all(1, answered + line("asking", probe=probe.id))
        finding = ask(probe, area)
        area.findings[probe.id] = finding
        answered = line("found", finding=finding)
    write_all(1, answered)


def ask(probe: Probe, area: Area) -> Finding:
    """Ask one probe, and turn whatever comes of it into a finding."""
    before = time.perf_counter()
    finding = _answer(probe, area)
    seconds = round(time.perf_counter() - before, 6)
    return replace(finding, detail=finding.detail[:_DETAIL_LIMIT], seconds=seconds)


def _answer(probe: Probe, area: Area) -> Finding:
    try:
        answer = probe.ask(area)
    except No as no:
        return Finding(probe.id, Outcome.NO, None, no.errno, no.detail, no.value)
    except Unknown as unknown:
        return _unknown(probe, unknown.reason, unknown.detail, unknown.errno)
    except OSError as error:
        return _failed(probe, error, area)
    except Exception as error:
        return _fallen(probe, error)
    if isinstance(answer, Answer):
        return Finding(probe.id, Outcome.YES, detail=answer.detail, value=answer.value)
    return Finding(probe.id, Outcome.YES, detail=answer or "")


def _fallen(probe: Probe, error: Exception) -> Finding:
    if isinstance(error, processes.HelperTimeoutError):
        return _unknown(probe, Reason.TIMEOUT, str(error))
    if isinstance(error, processes.HelperDiedError):
        return _unknown(probe, Reason.CRASH, f"the process that asked died: {error}")
    return _unknown(probe, Reason.CRASH, f"{type(error).__name__}: {error}")


def _failed(probe: Probe, error: OSError, area: Area) -> Finding:
    words, name = _words(error), _name(error)
    if _is_refusal(error, probe) and area.lacks(probe.capabilities):
        return _unknown(probe, Reason.PRIVILEGE, words, name)
    if error.errno == errno.EFBIG and processes.files_are_limited():
        return _unknown(probe, Reason.PRIVILEGE, f"{words}, to this process (RLIMIT_FSIZE)", name)
    if error.errno in (*probe.no, errno.ENOSYS) and denied.is_denied(error):
        return _denied(probe, error)
    if error.errno in probe.no:
        return Finding(probe.id, Outcome.NO, None, name, words)
    if error.errno == errno.ENOSYS:
        return _unknown(probe, Reason.KERNEL, words, name)
    return _unknown(probe, Reason.ERROR, words, name)


def _denied(probe: Probe, error: OSError) -> Finding:
    """What it means that the call would fail so of any file."""
    lacking = error.errno == errno.ENOSYS
    who = (
        "kernel, or a seccomp filter, knows no such call" if lacking else "process may not make it"
    )
    reason = Reason.KERNEL if lacking else Reason.PRIVILEGE
    because = f"{_words(error)}; of no file, too: this {who}"
    return _unknown(probe, reason, because, _name(error))


def _is_refusal(error: OSError, probe: Probe) -> bool:
    """Whether it may be for want of rights; chown(2) to an id that is not mapped is EINVAL."""
    unmapped = error.errno == errno.EINVAL and "CAP_CHOWN" in probe.capabilities
    return unmapped or error.errno in _REFUSALS


def _unknown(probe: Probe, reason: Reason, detail: str, name: str | None = None) -> Finding:
    return Finding(probe.id, Outcome.UNKNOWN, reason, name, detail)


def _name(error: OSError) -> str | None:
    return errno.errorcode.get(error.errno or 0)


def _words(error: OSError) -> str:
    return str(error.strerror or error)
