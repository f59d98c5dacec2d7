"""Where a path leads, and who asks: found out without a word to the file system that is there."""

from __future__ import annotations

import os
from json.encoder import encode_basestring_ascii

from .._linux import mountinfo, processes, system
from ..findings import Host, Mount

_LINKS = 40  # fs/namei.c: MAXSYMLINKS
_LINK_LIMIT = 500  # bytes in JSON; all of them must fit in one event


def readable(fd: int) -> int:
    """A descriptor of the same directory that can be listed; the one given if that is denied."""
    try:
        readable = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:
        return fd
    os.close(fd)
    return readable


def host() -> Host:
    """The kernel, and what this process may do."""
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


def mount(fd: int) -> Mount | None:
    """The mount of a descriptor, all but its magic number, for which it would have to be asked."""
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


def links(path: str) -> list[str]:
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
        links.append(_clipped(f"{step} -> {leads_to}"))
        at = "/" if leads_to.startswith("/") else at
        parts[:0] = [part for part in leads_to.split("/") if part]
    return links


def _clipped(text: str) -> str:
    """So much of it as fits into _LINK_LIMIT bytes, of which a character takes up to twelve."""
    room = _LINK_LIMIT
    for at, character in enumerate(text):
        room -= len(encode_basestring_ascii(character)) - len('""')
        if room < 0:
            return text[:at]
    return text
