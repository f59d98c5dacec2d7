"""What this kernel and this process's place in it allow, from uname(2), /proc and /sys."""

from __future__ import annotations

import os

from .libc import naming

_SWITCHES = {
    "/proc/sys/user/max_user_namespaces": ("0", "user.max_user_namespaces is 0"),
    "/proc/sys/user/max_mnt_namespaces": ("0", "user.max_mnt_namespaces is 0"),
    "/proc/sys/kernel/unprivileged_userns_clone": ("0", "kernel.unprivileged_userns_clone is 0"),
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": (
        "1",
        "kernel.apparmor_restrict_unprivileged_userns is 1",
    ),
}


def user_namespace_hindrances() -> tuple[str, ...]:
    """The settings that forbid a new user namespace to some or all."""
    return tuple(
        says for path, (forbids, says) in _SWITCHES.items() if _read(path).strip() == forbids
    )


def security_modules() -> tuple[str, ...]:
    """The Linux security modules at work; empty where securityfs is not mounted."""
    return tuple(name for name in _read("/sys/kernel/security/lsm").strip().split(",") if name)


def knows_file_system(fstype: str) -> bool:
    """Whether /proc/filesystems lists it now; a module that is not loaded is not listed.

    Raises OSError where that cannot be read.
    """
    with naming("/proc/filesystems"), open("/proc/filesystems", encoding="ascii") as table:
        return any(line.split()[-1:] == [fstype] for line in table)


def process_start(pid: int | str) -> str:
    """When the process started, in clock ticks since boot; empty if it has ended."""
    # proc_pid_stat(5): field 22; the name in field 2 may contain spaces and brackets.
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    if len(fields) < 20 or fields[0] in "ZX":  # noqa: PLR2004 - a zombie waits for its parent only
        return ""
    return fields[19]


def boot_id() -> str:
    """The id of this boot of this kernel, in short."""
    return _read("/proc/sys/kernel/random/boot_id").replace("-", "")[:12] or "0"


def pid_namespace() -> str:
    """The number of this process's pid namespace."""
    try:
        return str(os.stat("/proc/self/ns/pid").st_ino)
    except OSError:
        return "0"


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
