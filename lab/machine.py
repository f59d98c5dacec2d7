"""A machine of its own for an engine: mount and pid namespaces, a private /run.

Everything on the machine hangs from one pipe: when we close our end, or die, process 1 of the
machine reads the end of its input and exits, and the kernel kills the rest and frees the mounts.
"""

from __future__ import annotations

import os
import re
import secrets
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

PATIENCE = 120.0  # seconds for any one step; the slowest takes two on a local disk, 30 in UML
# The distribution's programs only: another docker may come first in the caller's PATH.
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_CGROUPS = Path("/sys/fs/cgroup")

# From the root of this machine to that of another distribution, its chroot in $1: what is being
# judged, in $2, keeps its path.
_PIVOT = """
set -e
mount --rbind "$1" "$1"
mount -t tmpfs tmpfs "$1/tmp"
mkdir -p "$1$2"
mount --rbind "$2" "$1$2"
mount -t proc proc "$1/proc"
mount --rbind /sys "$1/sys"
mount --rbind /dev "$1/dev"
cd "$1"
pivot_root . .
umount -l .
"""

M = TypeVar("M", bound="Machine")


class Machine:
    """One machine, on the host's files or on those of another distribution."""

    def __init__(self, work: Path, root: Path | None = None) -> None:
        """Keep files in `work`; `root` is another distribution's, which sees that folder's too."""
        self.work = work
        self._other = root
        self.name = f"{_group(work.parent)}-{secrets.token_hex(4)}"

    def __enter__(self: M) -> M:  # noqa: PYI019 - Self is not in every typing
        """Make the machine."""
        unbindable = _unbindable()
        self._first = subprocess.Popen(
            # As process 1 it has to take the orphans: whoever ignores SIGCHLD leaves no zombies.
            ["unshare", "-m", "-p", "-f", "--kill-child", "--mount-proc", "--propagation=slave",
             "sh", "-c", "echo; exec env --ignore-signal=CHLD cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )  # fmt: skip
        try:
            assert self._first.stdout is not None
            self._first.stdout.readline()  # from here on it has its own /proc
            if self._other:
                self.run("sh", "-c", _PIVOT, "sh", str(self._other), str(self.work.parent))
            # Shared, as under systemd, or dockerd binds its data-root upon itself.
            self.run("mount", "--make-rshared", "/")
            for point in unbindable:
                self.run("mount", "--make-unbindable", point)
            # Sockets of engines that serve the host must not be found: dockerd would use the
            # containerd that listens in /run (moby cmd/dockerd systemContainerdRunning).
            self.run("mount", "-t", "tmpfs", "tmpfs", "/run")
            self.prepare()
        except BaseException:
            self.close()
            raise
        return self

    def prepare(self) -> None:
        """Do on the machine what an engine wants done before it is started."""

    def __exit__(self, *exception: object) -> None:
        """Leave nothing behind but the files in the working directory."""
        self.close()

    def run(self, *command: str) -> str:
        """Run a command that must succeed; answer with its output."""
        done = self.try_run(*command)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
        return done.stdout

    def try_run(
        self, *command: str, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command; one that does not end in time has the exit status 124."""
        words = self.enter(*command)
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="surrogateescape",
            env=self.environment(env),
        )
        try:
            out, err = process.communicate(timeout=PATIENCE)
            return subprocess.CompletedProcess(words, process.returncode, out, err)
        except subprocess.TimeoutExpired:
            process.kill()
            return subprocess.CompletedProcess(words, 124, "", f"no answer in {PATIENCE:.0f} s")

    def enter(self, *command: str) -> list[str]:
        """Give the command line that runs a command on the machine."""
        namespaces = f"/proc/{self._first.pid}/ns"
        pid = f"--pid={namespaces}/pid_for_children"
        return ["nsenter", f"--mount={namespaces}/mnt", pid, "--", *command]

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """Give the environment of what runs on the machine."""
        home = str(self.work)
        return {"PATH": PATH, "LC_ALL": "C", "HOME": home, "TMPDIR": "/tmp", **(more or {})}

    def kill_all(self) -> None:
        """Kill whatever runs on the machine, as a power cut would; its mounts stay, /run goes."""
        self.try_run("sh", "-c", "kill -KILL -1")  # the kernel spares process 1 and us
        # The pid files in it would be believed, when another process has the number.
        self.try_run("umount", "-l", "/run")
        self.run("mount", "-t", "tmpfs", "tmpfs", "/run")

    def mounted(self, point: Path) -> bool:
        """Say whether something is mounted on a path of the machine."""
        return self.try_run("mountpoint", "-q", str(point)).returncode == 0

    @property
    def root(self) -> Path:
        """The machine's root directory, with its mounts, as a path of the host."""
        return Path(f"/proc/{self._first.pid}/root")

    def process_root(self, pid: str) -> Path:
        """Give the root directory that a process of the machine sees, as a path of the host."""
        return self.root / "proc" / pid / "root"

    def close(self) -> None:
        """Take the machine down."""
        assert self._first.stdin is not None
        assert self._first.stdout is not None
        self._first.stdin.close()
        self._first.stdout.close()
        wait(self._first)
        remove_groups(self.name)


def wait(process: subprocess.Popen[bytes]) -> None:
    """Wait for the end of a process, or give it up."""
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:  # in an unanswered system call; more cannot be done
        process.kill()


def _unbindable() -> list[str]:
    """List the mount points that an overlay may not use; a slave copy would forget that."""
    lines = Path("/proc/self/mountinfo").read_bytes().splitlines()
    points = [line.split(b" ")[4] for line in lines if b" unbindable" in line.split(b" - ")[0]]
    octal = re.compile(rb"\\([0-7]{3})")
    return [os.fsdecode(octal.sub(lambda m: bytes([int(m[1], 8)]), point)) for point in points]


def groups_of(work: Path) -> str:
    """Give a glob for the control groups of the machines whose working directory lies there."""
    return f"{_group(work)}-*"


def _group(work: Path) -> str:
    return f"fscaps-{work.name.replace('_', '0')}"


def remove_groups(name: str) -> None:
    """Remove the control groups of a machine; `name` may be a glob."""
    for group in [*_CGROUPS.glob(f"*/{name}"), *_CGROUPS.glob(name)]:
        for parent, _, _ in os.walk(group, topdown=False):
            os.rmdir(parent)
