"""Who holds locks on a file, without asking for one."""

from __future__ import annotations

from . import calls, mountinfo

_LIMIT = 1 << 20
_PID, _FILE = 4, 5


def holders(fd: int) -> list[int]:
    """The processes that hold a lock on the file, as far as /proc/locks tells (proc(5)).

    That shows local locks of processes in our own pid namespace. Taking a lock to find out would
    make an engine fail that starts meanwhile.
    """
    mount = mountinfo.of(fd)
    if mount is None:
        return []
    # The file system's own device: what stat(2) says is another on btrfs.
    major, minor = mount.device
    file = f"{major:02x}:{minor:02x}:{calls.fstat(fd).st_ino}"
    try:
        with open("/proc/locks", encoding="ascii", errors="replace") as table:
            fields = [line.split() for line in table.read(_LIMIT).splitlines()]
    except OSError:
        return []
    # Number, kind, ADVISORY, READ or WRITE, process, file: one that waits has "->" put in.
    held = [line[_PID] for line in fields if line[_FILE : _FILE + 1] == [file]]
    return sorted({int(pid) for pid in held if pid.isdigit()})
