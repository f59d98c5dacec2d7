"""Which mount holds an open file, and what lies below it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from . import libc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_DEEPEST = 8
_ESCAPE = re.compile(rb"\\([0-7]{3})")


@dataclass(frozen=True)
class MountLine:
    """One line of /proc/self/mountinfo (proc_pid_mountinfo(5)), unescaped."""

    id: int
    device: tuple[int, int]
    root: str
    point: str
    options: tuple[str, ...]
    propagation: tuple[str, ...]
    type: str
    source: str
    super_options: tuple[str, ...]


def parse(text: bytes) -> Iterator[MountLine]:
    """The lines that are well formed; others are skipped."""
    for line in text.split(b"\n"):
        parsed = _parse_line(line)
        if parsed:
            yield parsed


def _parse_line(line: bytes) -> MountLine | None:
    fields = line.split(b" ")
    try:
        dash = fields.index(b"-", 6)
        kind, source, super_options = fields[dash + 1 : dash + 4]
        major, minor = fields[2].split(b":")
        return MountLine(
            id=int(fields[0]),
            device=(int(major), int(minor)),
            root=_text(fields[3]),
            point=_text(fields[4]),
            options=_options(fields[5]),
            propagation=tuple(_text(field) for field in fields[6:dash]),
            type=_text(kind),
            source=_text(source),
            super_options=_options(super_options),
        )
    except (ValueError, IndexError):
        return None


def _options(field: bytes) -> tuple[str, ...]:
    """Split first: a comma within an option is escaped."""
    return tuple(_text(option) for option in field.split(b","))


def _text(field: bytes) -> str:
    return os.fsdecode(_ESCAPE.sub(lambda match: bytes([int(match[1], 8) & 0xFF]), field))


def of(fd: int) -> MountLine | None:
    """The mount of an open descriptor, by its mount id; None if /proc does not tell.

    Reading fdinfo does not touch the file system, so it answers for a dead server too.
    """
    try:
        with open(f"/proc/self/fdinfo/{fd}", "rb") as info:
            found = re.search(rb"^mnt_id:\s*(\d+)", info.read(), re.MULTILINE)
        with open("/proc/self/mountinfo", "rb") as table:
            lines = parse(table.read())
    except OSError:
        return None
    if not found:
        return None
    return next((line for line in lines if line.id == int(found[1])), None)


def place(path: str, pid: int | None = None) -> tuple[tuple[int, int], str] | None:
    """Where a directory lies: the device, and the path on it, as this or another process sees it.

    Told by the mount table alone, so that nothing is touched and no link followed. None if that
    cannot be read.
    """
    try:
        with open(f"/proc/{pid or 'self'}/mountinfo", "rb") as table:
            above = [line for line in parse(table.read()) if _holds(line.point, path)]
    except OSError:
        return None
    if not above:
        return None
    deepest = max(enumerate(above), key=lambda one: (len(one[1].point), one[0]))[1]
    below = os.path.relpath(path, deepest.point)
    return deepest.device, os.path.normpath(os.path.join(deepest.root, below))


def _holds(point: str, path: str) -> bool:
    return path == point or path.startswith(point.rstrip("/") + "/")


def device_chain(device: tuple[int, int]) -> tuple[str, ...]:
    """The block devices from the mounted one down: ``("dm-0 (linear)", "loop1 (/x.img)", …)``."""
    name = os.path.basename(_link(f"/sys/dev/block/{device[0]}:{device[1]}"))
    return tuple(_below(name)) if name else ()


def _below(name: str, depth: int = 0) -> Iterator[str]:
    yield _describe(name)
    slaves = f"/sys/class/block/{name}/slaves"
    if depth < _DEEPEST and os.path.isdir(slaves):
        for slave in sorted(os.listdir(slaves)):
            yield from _below(slave, depth + 1)


def _describe(name: str) -> str:
    base = f"/sys/class/block/{name}"
    notes = (
        _content(f"{base}/loop/backing_file"),
        _content(f"{base}/dm/name"),
        _transport(_link(base)),
    )
    note = next((note for note in notes if note), "")
    return f"{name} ({note})" if note else name


def _transport(device: str) -> str:
    """Where the device's place in sysfs shows a network: ``/devices/platform/host2/session1/…``."""
    if "/session" in device:
        return "iSCSI"
    return next((kind for kind in ("rbd", "nbd", "drbd") if f"/{kind}" in device), "")


def _content(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return os.fsdecode(file.read(4096).strip())
    except OSError:
        return ""


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


def magic(fd: int) -> str:
    """statfs(2)'s f_type in hex, the same whatever the width of a long. Touches the file system."""
    import ctypes  # noqa: PLC0415 - as in libc

    buffer = ctypes.create_string_buffer(256)
    libc.call("fstatfs", fd, ctypes.addressof(buffer))
    kind = ctypes.c_long.from_buffer(buffer).value
    return f"{kind & 0xFFFFFFFF:#x}"
