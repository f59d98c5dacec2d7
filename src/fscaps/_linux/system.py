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

_WITHHELD = (FileNotFoundError, PermissionError)
"""What is so each time, unlike a want of descriptors or memory."""


def user_namespace_hindrances() -> tuple[str, ...]:
    """The settings that forbid a new user namespace to some or all."""
    return tuple(
        says for path, (forbids, says) in _SWITCHES.items() if _read(path).strip() == forbids
    )


def most_namespaces(kind: str) -> int | None:
    """How many of that kind a user may have here (namespaces(7)); None if that is not told."""
    most = _read(f"/proc/sys/user/max_{kind}_namespaces").strip()
    return int(most) if most.isdigit() else None


def security_modules() -> tuple[str, ...]:
    """The Linux security modules at work; where securityfs is not mounted, of two that label."""
    listed = tuple(name for name in _read("/sys/kernel/security/lsm").strip().split(",") if name)
    apparmor = _read("/sys/module/apparmor/parameters/enabled").strip() == "Y"
    seen = {"selinux": bool(selinux()), "apparmor": apparmor}
    return listed or tuple(name for name, at_work in seen.items() if at_work)


def selinux() -> str:
    """``enforcing`` or ``permissive`` (selinux(8)); empty where it is not at work."""
    return {"1": "enforcing", "0": "permissive"}.get(_read("/sys/fs/selinux/enforce").strip(), "")


def security_context() -> str:
    """How a security module labels this process (proc_pid_attr(5)); empty if none does.

    ``system_u:system_r:container_t:s0`` of SELinux, ``docker-default (enforce)`` of AppArmor.
    """
    return _read("/proc/self/attr/current").strip("\0\n ")


def knows_file_system(fstype: str) -> bool:
    """Whether /proc/filesystems lists it now; a module that is not loaded is not listed.

    Raises OSError where that cannot be read.
    """
    with naming("/proc/filesystems"), open("/proc/filesystems", encoding="ascii") as table:
        return any(line.split()[-1:] == [fstype] for line in table)


def wants_device(fstype: str) -> bool:
    """Whether a file system of that type is mounted from a block device (FS_REQUIRES_DEV)."""
    rows = (row.split("\t") for row in _read("/proc/filesystems").splitlines())
    return ["", fstype] in rows


def process_start(pid: int | str) -> str:
    """When the process started, in clock ticks since boot; raises OSError."""
    return _process(pid)[1]


def is_running(pid: int, start: str) -> bool:
    """Whether the process of our pid namespace that started then is, or may be, at work.

    Raises OSError where that cannot be found out: for want of descriptors, say.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it is there, and somebody else's
    if os.readlink("/proc/self") != str(os.getpid()):
        return True  # /proc tells of another namespace
    try:
        state, began = _process(pid)
    except (FileNotFoundError, ProcessLookupError):
        return True  # it is hidden from us (proc(5): hidepid)
    return state not in "ZX" and began == start  # a zombie waits for its parent only


def _process(pid: int | str) -> tuple[str, str]:
    """The state of a process and when it started (proc_pid_stat(5): fields 3 and 22)."""
    path = f"/proc/{pid}/stat"
    with naming(path), open(path, encoding="utf-8", errors="replace") as status:
        fields = status.read().rpartition(")")[2].split()  # the name may contain spaces, brackets
    return fields[0], fields[19]


def boot_id() -> str:
    """The id of this boot of this kernel, in short; 0 if nobody tells. Raises OSError."""
    path = "/proc/sys/kernel/random/boot_id"
    try:
        with naming(path), open(path, encoding="ascii") as told:
            return told.read().replace("-", "")[:12]
    except _WITHHELD:
        return "0"


def pid_namespace() -> str:
    """The number of this process's pid namespace; 0 if nobody tells. Raises OSError."""
    try:
        with naming("/proc/self/ns/pid"):
            return str(os.stat("/proc/self/ns/pid").st_ino)
    except _WITHHELD:
        return "0"


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
