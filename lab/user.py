"""An ordinary user, who need not be known to the machine."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.course import See
    from lab.machine import Machine

ID = 1000
SUBORDINATE = (100000, 1000000)  # first and number, for /etc/subuid and /etc/subgid


def give(directory: Path) -> None:
    """Make a directory the user's own, where its file system lets one."""
    with contextlib.suppress(OSError):  # what the user then cannot do is what is asked
        os.chown(directory, ID, ID)
    let_pass(directory)


def let_pass(directory: Path) -> None:
    """Let everybody come as far as a directory: a temporary one lies below some of root's alone."""
    for parent in directory.parents:
        if not parent.stat().st_mode & 0o001 and parent.name:
            parent.chmod(parent.stat().st_mode | 0o711)


def introduce(work: Path) -> None:
    """Make the user, and his subordinate ids, known in this mount namespace."""
    subprocess.run(["cp", "-a", "/etc", str(work / "etc")], check=True)
    _enter(work / "etc")
    subprocess.run(["mount", "--bind", str(work / "etc"), "/etc"], check=True)


def _enter(etc: Path) -> None:
    """Write the user into a copy of /etc.

    A file bound on the host's own would be unmounted when the host replaces that: rename(2).
    """
    first, number = SUBORDINATE
    files = {
        "passwd": f"root:x:0:0::/root:/bin/sh\nlab:x:{ID}:{ID}::/:/bin/sh\n",
        "group": f"root:x:0:\nlab:x:{ID}:\n",
        "subuid": f"lab:{first}:{number}\n",
        "subgid": f"lab:{first}:{number}\n",
    }
    for name, text in files.items():
        (etc / name).write_text(text)


def open_fuse(work: Path) -> None:
    """Open /dev/fuse to all in this mount namespace, as udev does; the node lies in `work`."""
    subprocess.run(["mknod", "-m", "666", str(work / "fuse"), "c", "10", "229"], check=True)
    subprocess.run(["mount", "--bind", str(work / "fuse"), "/dev/fuse"], check=True)


def settle(machine: Machine) -> None:
    """The same on a machine of an engine's, which may be another distribution's."""
    etc = machine.work / "etc"
    machine.run("cp", "-a", "/etc", str(etc))
    _enter(etc)
    machine.run("mount", "--bind", str(etc), "/etc")
    give(machine.work)


def become() -> list[str]:
    """Give the command that runs another as the user, with none of root's rights."""
    return ["setpriv", f"--reuid={ID}", f"--regid={ID}", "--clear-groups", "--inh-caps=-all"]


def seen_by(process: Path, see: See) -> list[str]:
    """Look at a process's root directory, with the eyes of root in its user namespace."""
    root = os.open(process / "root", os.O_PATH | os.O_DIRECTORY)
    namespace = os.open(process / "ns/user", os.O_RDONLY)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        # Whatever happens, this copy of us must not go on as us.
        try:
            if ctypes.CDLL(None).setns(namespace, 0):
                raise OSError("setns")
            os.setgid(0)
            os.setuid(0)
            said = see(Path(f"/proc/self/fd/{root}"))
        except BaseException as error:
            said = [f"{type(error).__name__}: {error}"]
        with open(writer, "w", encoding="utf-8") as stream:
            json.dump(said, stream)
        os._exit(0)
    for descriptor in (root, namespace, writer):
        os.close(descriptor)
    with open(reader, encoding="utf-8") as stream:
        answer: list[str] = json.load(stream)
    os.waitpid(child, 0)
    return answer


def python() -> str:
    """Give an interpreter that the user may run: ours, unless it lies in root's home."""
    real = Path(sys.executable).resolve()
    reachable = all(parent.stat().st_mode & 0o001 for parent in real.parents)
    return sys.executable if reachable else "/usr/bin/python3"
