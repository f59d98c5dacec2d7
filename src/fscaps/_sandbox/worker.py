"""The child: the only process that touches the path. It asks, and streams what it finds."""

from __future__ import annotations

import errno
import os
import time
from dataclasses import replace

from .. import probes, stores
from .._linux import ioctls, mountinfo, processes, system
from .._linux.directory import Directory, read_all, write_all
from .._linux.libc import naming
from ..findings import Finding, Host, Mount, Outcome, Probe, Reason
from ..probes import Answer, No, Unknown
from ..probes._area import Area
from . import scratch
from .wire import REQUEST_LIMIT, Cleaning, decode_request, line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .wire import Request

_REFUSALS = (errno.EPERM, errno.EACCES)
_DETAIL_LIMIT = 500
_LOOKING = 0.5  # seconds for a store, of whatever size
_LINKS = 40  # fs/namei.c: MAXSYMLINKS
_LINK_LIMIT = 500  # characters; all of them must fit in one event


def main() -> None:
    """Answer the one request on standard input with events on standard output."""
    known = probes.every()  # which takes as long as the supervisor takes to ask
    asked = read_all(0, REQUEST_LIMIT)
    if not asked:
        return  # the supervisor has changed its mind, or died
    request = decode_request(asked)
    processes.die_with(request.parent)
    os.umask(0o077)
    if isinstance(request, Cleaning):
        _clean(request)
    else:
        if request.ids:
            processes.become(*request.ids)
            processes.die_with(request.parent)  # which a change of ids forgets
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
    _tell("done")


def _clean(request: Cleaning) -> None:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    with Directory(os.open(request.path, flags)) as target:
        _be_modest()
        scratch.remove_by_name(target, request.name)
    _tell("done")


def _tell(event: str, **body: object) -> None:
    """Say one of the events of protocol.py, by the name of its class in lower case."""
    with naming("write to the supervisor"):
        write_all(1, line(event, **body))


def _located(request: Request) -> Area:
    """Open the path and tell where it leads, before anything that a dead server might block."""
    path = request.path
    fd = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    resolved = os.readlink(f"/proc/self/fd/{fd}")
    host, mount = _host(), _mount(fd)
    _tell("located", resolved=resolved, links=_links(path), host=host, mount=mount)
    if mount:
        mount = replace(mount, magic=mountinfo.magic(fd))
        _tell("identified", mount=mount)
    target, patience = Directory(_readable(fd)), request.timeout / 2
    area = Area(target, resolved, host, mount, mounting=request.mounting, seconds=patience)
    area.readable = target.fd != fd
    return area


def _readable(fd: int) -> int:
    """A descriptor of the same directory that can be listed; the one given if that is denied."""
    try:
        readable = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:
        return fd
    os.close(fd)
    return readable


def _host() -> Host:
    name = os.uname()
    return Host(
        kernel=name.release,
        machine=name.machine,
        euid=os.geteuid(),
        capabilities=processes.capabilities(),
        initial_user_namespace=processes.in_initial_user_namespace(),
        user_namespaces="; ".join(system.user_namespace_hindrances()),
        lsm=system.security_modules(),
        overlay=_knows_overlay(),
        max_user_namespaces=system.most_namespaces("user"),
        max_mnt_namespaces=system.most_namespaces("mnt"),
        selinux=system.selinux(),
        security_context=system.security_context(),
    )


def _knows_overlay() -> bool:
    try:
        return system.knows_file_system("overlay")
    except OSError:
        return False  # recorded only; the probes ask for themselves


def _mount(fd: int) -> Mount | None:
    line = mountinfo.of(fd)
    if line is None:
        return None
    return Mount(
        id=line.id,
        point=line.point,
        type=line.type,
        source=line.source,
        options=line.options,
        super_options=line.super_options,
        propagation=line.propagation,
        devices=mountinfo.device_chain(line),
    )


def _links(path: str) -> list[str]:
    """The symbolic links on the way to the path, each as ``link -> target``."""
    links: list[str] = []
    at = os.getcwd() if not path.startswith("/") else "/"
    parts = [part for part in path.split("/") if part]
    while parts and len(links) < _LINKS:
        step = os.path.join(at, parts.pop(0))
        try:
            leads_to = os.readlink(step)
        except OSError:
            at = os.path.normpath(step)
            continue
        links.append(f"{step} -> {leads_to}"[:_LINK_LIMIT])
        at = "/" if leads_to.startswith("/") else at
        parts[:0] = [part for part in leads_to.split("/") if part]
    return links


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
    name = scratch.new_name()
    if writing:
        area.directory = _made(area.target, name)
        if area.readable and isinstance(area.directory, Directory):
            _sweep(area.target, os.fstat(area.directory.fd).st_mtime)
    else:
        area.directory = Unknown(Reason.SKIPPED, "nothing is written, by request")
    try:
        _ask_all(asked, area)
    finally:
        for end in area.endings:
            end()
        if isinstance(area.directory, Directory):
            _remove(area.target, name, area.directory)


def _made(target: Directory, name: str) -> Directory | Unknown | OSError:
    if _is_append_only(target):
        # Not tried, because it could not be removed; whether it would be allowed can be told.
        if not os.access(".", os.W_OK | os.X_OK, dir_fd=target.fd, effective_ids=True):
            return PermissionError(errno.EACCES, "access: Permission denied")
        detail = "not tried: in an append-only directory it could not be removed"
        return Unknown(Reason.UNSAFE, detail)
    _tell("scratch", name=name)
    try:
        return scratch.make(target, name)
    except OSError as error:
        return error


def _is_append_only(target: Directory) -> bool:
    try:
        return ioctls.is_append_only(target.fd)
    except OSError:
        return False  # not to be learned; directory.changeable tells why


def _sweep(target: Directory, now: float) -> None:
    try:
        for leftover in scratch.leftovers(target, now):
            if scratch.remove_by_name(target, leftover):
                _tell("warned", text=f"removed {leftover}, which an earlier run left behind")
    except OSError as error:
        _tell("warned", text=f"what an earlier run left could not be removed: {_words(error)}")


def _remove(target: Directory, name: str, directory: Directory) -> None:
    try:
        scratch.remove(target, name, directory)
    except OSError:
        _remove_again(target, name)


def _remove_again(target: Directory, name: str) -> None:
    """What failed may have been of the moment: ESTALE, EINTR, ENOMEM, a file still open."""
    try:
        scratch.remove_by_name(target, name)
    except OSError as error:
        _tell("warned", text=f"the scratch directory {name} could not be removed: {_words(error)}")


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
    if error.errno in probe.no:
        return Finding(probe.id, Outcome.NO, None, name, words)
    if error.errno == errno.ENOSYS:
        return _unknown(probe, Reason.KERNEL, words, name)
    return _unknown(probe, Reason.ERROR, words, name)


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
