"""dockerd as an ordinary user, by rootlesskit, as dockerd-rootless.sh starts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab import image, user
from lab.course import Course, layers
from lab.engines.docker import Docker
from lab.machine import PATIENCE

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

    from lab.course import See
    from lab.outcome import Outcome
    from lab.place import Place

# What root alone may tell dockerd, each with its value.
_ROOTS = ("--exec-opt", "--cgroup-parent")
_RUN = 'rm -f /run/docker /run/containerd /run/xtables.lock; exec "$@"'


class Rootless(Docker):
    """A daemon of a user who has subordinate ids."""

    def prepare(self) -> None:
        """Make the user."""
        super().prepare()
        self.run("sh", "-c", "command -v rootlesskit || { echo no rootlesskit >&2; exit 1; }")
        user.settle(self)
        self._make_runtime_directory()

    def _make_runtime_directory(self) -> None:
        self.run("mkdir", "-p", self.runtime)
        self.run("chown", f"{user.ID}:{user.ID}", self.runtime)

    @property
    def runtime(self) -> str:
        """XDG_RUNTIME_DIR."""
        return f"/run/user/{user.ID}"

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """Give the user's environment."""
        own = {
            "XDG_RUNTIME_DIR": self.runtime,
            "USER": "lab",
            "DOCKER_HOST": f"unix://{self.runtime}/docker.sock",
        }
        return super().environment({**own, **(more or {})})

    def cli(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Run the client as the user."""
        environment = {"DOCKER_CONFIG": str(self.work), "DOCKER_BUILDKIT": "1"}
        return self.try_run(*user.become(), "docker", *args, env=environment)

    def stop(self) -> None:
        """Stop the daemon, and rootlesskit with it."""
        if self._daemon is not None and self._daemon.poll() is None:
            self.try_run("sh", "-c", f"kill -TERM $(cat {self.runtime}/docker.pid)")
            self._daemon.wait(PATIENCE)
        self._daemon = None

    def kill(self) -> None:
        """Kill whatever runs on the machine."""
        super().kill()
        self._make_runtime_directory()

    def look(self, container: str, see: See) -> list[str]:
        """Look with the container's own eyes: a user's FUSE mount lets nobody else in."""
        return user.seen_by(self.container_root(container).parent, see)

    def _command(self) -> list[str]:
        words = super()._command()
        for option in _ROOTS:
            at = words.index(option)
            del words[at : at + 2]
        words[words.index("--pidfile") + 1] = f"{self.runtime}/docker.pid"
        kit = ["rootlesskit", "--net=host", "--copy-up=/etc", "--copy-up=/run"]
        inside = ["--propagation=rslave", "sh", "-c", _RUN, "sh", *words, "--rootless"]
        return [*user.become(), *kit, *inside]


def data_root(place: Place, driver: str) -> Outcome:
    """Use the directory as the data-root of an ordinary user's dockerd."""
    user.give(place.directory)
    root = place.generation.root
    docker = Rootless(place.scratch, place.directory, driver=driver, root=root)
    # No device node can be made in a user namespace, wherever.
    course = Course(options=["--env=DEVICES=none"], content=image.without_devices)
    return course.run(docker, layers)
