"""A throw-away dockerd on a machine of its own: mount and pid namespaces, a private /run.

Everything in the machine hangs from one pipe: when we close our end, or die, process 1 of the
machine reads the end of its input and exits, and the kernel kills the rest and frees the mounts.
"""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType

PATIENCE = 60.0  # seconds for any one step; the slowest takes two on a local disk
_CGROUPS = Path("/sys/fs/cgroup")
_ETC = Path("/etc/docker")  # where dockerd writes key.json, whatever its data-root
_NAMES = iter(range(1 << 30))
_EVERYDAY = re.compile(
    "containerd config version|devmapper not configured|Your kernel does not support cgroup"
    "|cleaning up after shim disconnected|cleanup warnings|createTransport failed"
    "|Failed to get event|testing if containerd API is ready"
)


class Dockerd:
    """One daemon that may be started, stopped and started again on one machine.

    `run` is for commands on the machine, for instance mounts below the data-root.
    """

    def __init__(self, work: Path, data_root: Path, *, driver: str | None = None) -> None:
        """Keep log and settings in `work`, everything else in `data_root`."""
        self.work = work
        self.data_root = data_root
        self.driver = driver
        self.name = f"fscaps-{os.getpid()}-{next(_NAMES)}"
        self._daemon: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Dockerd:
        """Make the machine; the daemon is not started yet."""
        _ETC.mkdir(exist_ok=True)
        unbindable = _unbindable()
        self._machine = subprocess.Popen(
            # As process 1 it has to take the orphans: whoever ignores SIGCHLD leaves no zombies.
            ["unshare", "-m", "-p", "-f", "--kill-child", "--mount-proc", "--propagation=slave",
             "sh", "-c", "echo; exec env --ignore-signal=CHLD cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )  # fmt: skip
        try:
            assert self._machine.stdout is not None
            self._machine.stdout.readline()  # from here on it has its own /proc
            # Shared, as under systemd, or dockerd binds its data-root upon itself.
            self.run("mount", "--make-rshared", "/")
            for point in unbindable:
                self.run("mount", "--make-unbindable", point)
            # Sockets of engines that serve the host must not be found: dockerd would use the
            # containerd that listens in /run (moby cmd/dockerd systemContainerdRunning).
            self.run("mount", "-t", "tmpfs", "tmpfs", "/run")
            self.run("mount", "-t", "tmpfs", "tmpfs", str(_ETC))
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave nothing behind but the data-root's content and the log."""
        self.close()

    def run(self, *command: str) -> str:
        """Run a command on the machine that must succeed; answer with its output."""
        done = self._on_machine(*command)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
        return done.stdout

    def start(self) -> bool:
        """Start the daemon and wait until it serves or is dead."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(f"\0{self.name}")
            with (self.work / "dockerd.log").open("ab") as log:
                self._daemon = subprocess.Popen(
                    self._enter(*self._command()),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={**os.environ, "NOTIFY_SOCKET": f"@{self.name}"},
                )
            death = os.pidfd_open(self._daemon.pid)
            try:
                ready = select.select([notify.fileno(), death], [], [], PATIENCE)[0]
            finally:
                os.close(death)
            if notify.fileno() in ready:
                return True
        self.kill()
        return False

    def stop(self) -> None:
        """Stop the daemon as a service manager would, and wait until it has stopped."""
        if self._daemon is not None and self._daemon.poll() is None:
            self._on_machine("sh", "-c", "kill -TERM $(cat /run/docker.pid)")
            self._wait(self._daemon)
        self._daemon = None

    def kill(self) -> None:
        """Kill the daemon and whatever runs on the machine; its mounts stay as they are."""
        if self._daemon is not None:
            self._on_machine("sh", "-c", "kill -KILL -1")  # the kernel spares process 1 and us
            self._wait(self._daemon)
            # The pid files in it would be believed, when another process has the number.
            self._on_machine("umount", "-l", "/run")
            self.run("mount", "-t", "tmpfs", "tmpfs", "/run")
        self._daemon = None

    def restart(self) -> bool:
        """Stop the daemon, if it runs, and start it again."""
        self.stop()
        return self.start()

    def close(self) -> None:
        """Take the machine down."""
        assert self._machine.stdin is not None
        assert self._machine.stdout is not None
        self._machine.stdin.close()
        self._machine.stdout.close()
        self._wait(self._machine)
        if self._daemon is not None:
            self._wait(self._daemon)
        self._daemon = None
        for group in [*_CGROUPS.glob(f"*/{self.name}"), *_CGROUPS.glob(self.name)]:
            _remove_groups(group)

    def docker(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Run the client, on the host; what it says is in stdout and stderr."""
        command = [_client(), "-H", f"unix://{self.root}/run/docker.sock", *args]
        try:
            return subprocess.run(
                command,
                check=False,
                timeout=PATIENCE,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="surrogateescape",
                env={**os.environ, "DOCKER_CONFIG": str(self.work), "HOME": str(self.work)},
            )
        except subprocess.TimeoutExpired as error:
            return subprocess.CompletedProcess(command, 124, "", str(error))

    def info(self) -> dict[str, Any]:
        """Give `docker info` as data."""
        answer: dict[str, Any] = json.loads(self.docker("info", "-f", "{{json .}}").stdout)
        return answer

    @property
    def root(self) -> Path:
        """The machine's root directory, with its mounts, as a path of the host."""
        return Path(f"/proc/{self._machine.pid}/root")

    def container_root(self, container: str) -> Path:
        """Give the root directory that the processes of a running container see."""
        pid = self.docker("inspect", "-f", "{{.State.Pid}}", container).stdout.strip()
        return self.root / "proc" / pid / "root"

    @property
    def log(self) -> str:
        """Everything that the daemon has said, over all its starts."""
        path = self.work / "dockerd.log"
        return path.read_text(errors="surrogateescape") if path.exists() else ""

    @property
    def complaints(self) -> list[str]:
        """The log's warnings and errors, and its last words, which come without a level.

        Without the time, and without what a daemon says on a good disk too.
        """
        lines = [re.sub(r"^time=\S+ ", "", line) for line in self.log.splitlines()]
        serious = (line for line in lines if re.match(r"(?!level=)|level=(warn|err|fatal)", line))
        return [line for line in serious if not _EVERYDAY.search(line)]

    def mounted(self, point: Path) -> bool:
        """Say whether something is mounted on a path of the machine."""
        return self._on_machine("mountpoint", "-q", str(point)).returncode == 0

    def _command(self) -> list[str]:
        return [
            "dockerd",
            "--data-root", str(self.data_root),
            "--pidfile", "/run/docker.pid",
            "--exec-opt", "native.cgroupdriver=cgroupfs",  # systemd is not on the machine
            "--cgroup-parent", f"/{self.name}",
            "--iptables=false",
            "--ip6tables=false",
            "--ip-forward=false",
            "--bridge=none",
            *([] if self.driver is None else ["--storage-driver", self.driver]),
        ]  # fmt: skip

    def _enter(self, *command: str) -> list[str]:
        namespaces = f"/proc/{self._machine.pid}/ns"
        pid = f"--pid={namespaces}/pid_for_children"
        return ["nsenter", f"--mount={namespaces}/mnt", pid, "--", *command]

    def _on_machine(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._enter(*command),
            check=False,
            timeout=PATIENCE,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    @staticmethod
    def _wait(process: subprocess.Popen[bytes]) -> None:
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:  # in an unanswered system call; more cannot be done
            process.kill()


def missing() -> str | None:
    """Why this host cannot run a dockerd of its own, in one line; None when it can."""
    if os.geteuid() != 0:
        return "dockerd needs root"
    programs = ("dockerd", "containerd", "runc", "docker", "unshare", "nsenter", "busybox")
    return next((f"no {name}" for name in programs if shutil.which(name) is None), None)


def _client() -> str:
    """Give the distribution's client, which belongs to its daemon, rather than another one."""
    return "/usr/bin/docker" if Path("/usr/bin/docker").exists() else "docker"


def _unbindable() -> list[str]:
    """List the mount points that an overlay may not use; a slave copy would forget that."""
    lines = Path("/proc/self/mountinfo").read_bytes().splitlines()
    points = [line.split(b" ")[4] for line in lines if b" unbindable" in line.split(b" - ")[0]]
    octal = re.compile(rb"\\([0-7]{3})")
    return [os.fsdecode(octal.sub(lambda m: bytes([int(m[1], 8)]), point)) for point in points]


def _remove_groups(group: Path) -> None:
    for parent, _, _ in os.walk(group, topdown=False):
        os.rmdir(parent)
