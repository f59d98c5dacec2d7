"""Which mount holds an open file, and what lies below it."""

from __future__ import annotations

import os
import re

from . import libc, system
from .libc import naming

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_DEEPEST = 8


class MountLine:
    """One line of /proc/self/mountinfo (proc_pid_mountinfo(5)), unescaped: its fields in order.

    No dataclass, which is a millisecond's work for whoever loads this.
    """

    id: int
    device: tuple[int, int]
    root: str
    point: str
    options: tuple[str, ...]
    propagation: tuple[str, ...]
    type: str
    source: str
    super_options: tuple[str, ...]

    def __init__(self, *values: object) -> None:
        vars(self).update(zip(type(self).__annotations__, values))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MountLine) and vars(other) == vars(self)

    def __hash__(self) -> int:
        return hash(tuple(vars(self).values()))

    def __repr__(self) -> str:
        return f"MountLine{tuple(vars(self).values())}"


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
            int(fields[0]),
            (int(major), int(minor)),
            _text(fields[3]),
            _text(fields[4]),
            _options(fields[5]),
            tuple(_text(field) for field in fields[6:dash]),
            _text(kind),
            _text(source),
            _options(super_options),
        )
    except (ValueError, IndexError):
        return None


def _options(field: bytes) -> tuple[str, ...]:
    """Split first: a comma within an option is escaped."""
    return tuple(_text(option) for option in field.split(b","))


def _text(field: bytes) -> str:
    if b"\\" in field:
        field = re.sub(rb"\\([0-7]{3})", lambda match: bytes([int(match[1], 8) & 0xFF]), field)
    return os.fsdecode(field)


def of(fd: int) -> MountLine | None:
    """The mount of an open descriptor, by its mount id; None if /proc does not tell.

    Reading fdinfo does not touch the file system, so it answers for a dead server too.
    """
    try:
        own = b"%d" % id_of(fd)
        with open("/proc/self/mountinfo", "rb") as table:
            row = next((row for row in table if row.startswith(own + b" ")), b"")
    except OSError:
        return None
    return _parse_line(row.rstrip(b"\n"))


def names_below(directory: str) -> frozenset[bytes]:
    """The entries of a directory on which something is mounted, by the mount table alone.

    No other way to find out is sure not to wait for what is mounted there: statx(2) and an open
    with O_PATH have NFS ask its server (fs/namei.c:complete_walk, d_weak_revalidate).
    """
    with naming("/proc/self/mountinfo"), open("/proc/self/mountinfo", "rb") as table:
        points = [os.path.split(line.point) for line in parse(table.read())]
    return frozenset(os.fsencode(name) for above, name in points if above == directory)


def id_of(fd: int) -> int:
    """The number of an open descriptor's mount (proc_pid_fdinfo(5)); -1 if /proc does not tell."""
    with open(f"/proc/self/fdinfo/{fd}", "rb") as info:
        return next((int(row.split()[1]) for row in info if row.startswith(b"mnt_id:")), -1)


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


def device_chain(line: MountLine) -> tuple[str, ...]:
    """The block devices from the mounted one down: ``("dm-0 (linear)", "loop1 (/x.img)", …)``.

    Told by sysfs alone, so that nothing is touched. Empty where there is none, and where it is
    not known of each which it is.
    """
    name = os.path.basename(_link("/sys/dev/block/{}:{}".format(*line.device)))
    names = [name] if name else _named_by_source(line)
    return tuple(device for name in names for device in _below(name))


def _named_by_source(line: MountLine) -> list[str]:
    """The devices of a file system with a device number of its own, such as btrfs.

    The kernel opened the source as a device only where the type wants one; elsewhere it is a word.
    bcachefs names all of its devices (fs/bcachefs/fs.c:bch2_show_devname), btrfs one of them.
    """
    if line.device[0] or not line.source.startswith("/dev/") or not system.wants_device(line.type):
        return []
    paths = ["/dev/" + name for name in line.source[len("/dev/") :].split(":/dev/")]
    names = [_kernels_name(path) for path in paths]
    if not all(names):
        return []
    return _with_siblings(names[0]) if len(names) == 1 else names


def _kernels_name(path: str) -> str:
    """What sysfs calls ``/dev/NAME`` or ``/dev/mapper/NAME``; empty if it has no such device."""
    folder, name = os.path.split(path)
    if folder == "/dev/mapper":
        named = (each for each in _listed("/sys/class/block") if each.startswith("dm-"))
        found = (each for each in named if _content(f"/sys/class/block/{each}/dm/name") == name)
        return next(found, "")
    name = path[len("/dev/") :].replace("/", "!")  # lib/kobject.c:kobject_set_name_vargs
    return name if _link(f"/sys/class/block/{name}") else ""


def _with_siblings(name: str) -> list[str]:
    """All devices of the btrfs that has this one (fs/btrfs/sysfs.c), or this one alone."""
    for volume in _listed("/sys/fs/btrfs"):
        devices = _listed(f"/sys/fs/btrfs/{volume}/devices")
        if name in devices:
            return devices
    return [name]


def _listed(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _below(name: str, depth: int = 0) -> Iterator[str]:
    yield _describe(name)
    if depth < _DEEPEST:
        for slave in _listed(f"/sys/class/block/{name}/slaves"):
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
    return next(
        (kind for kind in ("rbd", "nbd", "drbd", "nvme-fabrics") if f"/{kind}" in device), ""
    )


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
