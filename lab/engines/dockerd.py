"""A throw-away dockerd on a machine of its own."""

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

from lab.machine import PATIENCE, Machine, wait

if TYPE_CHECKING:
    from collections.abc import Sequence

_ETC = Path("/etc/docker")  # where dockerd writes key.json, whatever its data-root
_EVERYDAY = re.compile(
    "containerd config version|devmapper not configured|Your kernel does not support cgroup"
    "|cleaning up after shim disconnected|cleanup warnings|createTransport failed"
    "|Failed to get event|testing if containerd API is ready|cgroup v1|CDI|deprecated"
    "|Unable to find \\w+ cgroup|shim disconnected"
)


class Dockerd(Machine):
    """One daemon that may be started, stopped and started again on one machine.

    `run` is for commands on the machine, for instance mounts below the data-root.
    """

    def __init__(
        self,
        work: Path,
        data_root: Path,
        *,
        driver: str | None = None,
        root: Path | None = None,
        features: Sequence[str] = (),
    ) -> None:
        """Keep log and settings in `work`, everything else in `data_root`."""
        super().__init__(work, root)
        self.data_root = data_root
        self.driver = driver
        self.features = features
        self._daemon: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        """Write the daemon's settings."""
        super().prepare()
        settings = {"features": dict.fromkeys(self.features, True)}  # no option says this before 28
        (self.work / "daemon.json").write_text(json.dumps(settings))
        self.run("mkdir", "-p", str(_ETC))
        self.run("mount", "-t", "tmpfs", "tmpfs", str(_ETC))

    def start(self) -> bool:
        """Start the daemon and wait until it serves or is dead."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(f"\0{self.name}")
            with (self.work / "dockerd.log").open("ab") as log:
                self._daemon = subprocess.Popen(
                    self.enter(*self._command()),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=self.environment({"NOTIFY_SOCKET": f"@{self.name}"}),
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
            self.try_run("sh", "-c", "kill -TERM $(cat /run/docker.pid)")
            wait(self._daemon)
        self._daemon = None

    def kill(self) -> None:
        """Kill the daemon and whatever runs on the machine; its mounts stay as they are."""
        if self._daemon is not None:
            self.kill_all()
            wait(self._daemon)
        self._daemon = None

    def restart(self) -> bool:
        """Stop the daemon, if it runs, and start it again."""
        self.stop()
        return self.start()

    def close(self) -> None:
        """Take the machine down."""
        super().close()
        if self._daemon is not None:
            wait(self._daemon)
        self._daemon = None

    def cli(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Run the client; what it says is in stdout and stderr."""
        environment = {"DOCKER_CONFIG": str(self.work), "DOCKER_BUILDKIT": "1"}
        return self.try_run("docker", *args, env=environment)

    def chosen_driver(self) -> str:
        """Give the storage driver that the daemon runs with."""
        return str(self.info()["Driver"])

    def info(self) -> dict[str, Any]:
        """Give `docker info` as data."""
        answer: dict[str, Any] = json.loads(self.cli("info", "-f", "{{json .}}").stdout)
        return answer

    def container_root(self, container: str) -> Path:
        """Give the root directory of a running container, as a path of the host."""
        pid = self.cli("inspect", "-f", "{{.State.Pid}}", container).stdout.strip()
        return self.process_root(pid)

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

    def _command(self) -> list[str]:
        return [
            "dockerd",
            "--config-file", str(self.work / "daemon.json"),
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


def missing() -> str | None:
    """Why this host cannot run a dockerd of its own, in one line; None when it can."""
    if os.geteuid() != 0:
        return "dockerd needs root"
    programs = ("dockerd", "containerd", "runc", "docker", "unshare", "nsenter", "busybox")
    return next((f"no {name}" for name in programs if shutil.which(name) is None), None)
