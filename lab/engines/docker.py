"""What Docker is given to do with a directory: all of its data-root, or a part of it."""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING

from lab import image
from lab.course import Course, Steps, command, exercise, layers, start, whole
from lab.engines.dockerd import Dockerd
from lab.machine import PATIENCE, wait
from lab.outcome import Stopped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lab.course import See
    from lab.outcome import Outcome
    from lab.place import Place


class Docker(Dockerd):
    """A dockerd as the course takes it."""

    def look(self, container: str, see: See) -> list[str]:
        """Look at the root of a running container."""
        return see(self.container_root(container))


def data_root(
    place: Place, *, driver: str | None, features: Sequence[str] = (), steps: Steps = layers
) -> Outcome:
    """Use the directory as the whole data-root."""
    root = place.generation.root
    docker = Docker(place.scratch, place.directory, driver=driver, root=root, features=features)
    return Course().run(docker, steps)


class BesideContainerd(Docker):
    """A dockerd that finds a containerd where a service of that name listens."""

    _containerd: subprocess.Popen[bytes] | None = None

    def start(self) -> bool:
        """Start containerd first, its root on the local disk, unless it runs."""
        if self._containerd is None:
            self._containerd = self._start_containerd()
        return super().start()

    def _start_containerd(self) -> subprocess.Popen[bytes]:
        settings = self.work / "containerd.toml"
        root = json.dumps(str(self.work / "containerd"))
        settings.write_text(f'version = 2\nroot = {root}\nstate = "/run/containerd"\n')
        with (self.work / "containerd.log").open("ab") as log:
            process = subprocess.Popen(
                self.enter("containerd", "-c", str(settings)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment(),
            )
        deadline = time.monotonic() + PATIENCE
        while self.try_run("ctr", "--connect-timeout", "5s", "version").returncode:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("containerd does not answer")
            time.sleep(0.05)
        return process

    def kill(self) -> None:
        """Kill both, and whatever runs on the machine."""
        super().kill()
        self._reap()

    def close(self) -> None:
        """Take the machine down."""
        super().close()
        self._reap()

    def _reap(self) -> None:
        if self._containerd is not None:
            wait(self._containerd)
        self._containerd = None


def data_root_without_layers(place: Place) -> Outcome:
    """Use the directory as the data-root, with containerd's root on the local disk."""
    features = ["containerd-snapshotter"]
    root = place.generation.root
    docker = BesideContainerd(place.scratch, place.directory, root=root, features=features)
    return Course().run(docker, layers)


def part(place: Place, name: str, steps: Steps = whole) -> Outcome:
    """Use the directory as a part of a data-root on the local disk, before the daemon starts."""
    point = place.scratch / "data-root" / name
    point.mkdir(parents=True)
    docker = Docker(place.scratch, point.parent, driver="overlay2", root=place.generation.root)

    def mount() -> None:
        # Before the restart once more: when dockerd stops, it unmounts overlay2 (moby
        # daemon/graphdriver/overlay2/overlay.go Cleanup: RecursiveUnmount of its home).
        if not docker.mounted(point):
            docker.run("mount", "--bind", str(place.directory), str(point))

    return Course(mount).run(docker, steps)


def build(docker: Docker, course: Course) -> list[str]:
    """Build an image twice, the second time from the cache, with a restart between."""
    archive = image.write(docker.work / "full.tar", image.FULL, image.full())
    command(docker, "load", "load", "-q", "-i", str(archive))
    context = docker.work / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(_DOCKERFILE)
    (context / "added").write_text("added\n")
    losses: list[str] = []
    for step in ("build", "build again"):
        command(docker, step, "build", "-q", "--network=none", "-t", _BUILT, str(context))
        check = ("run", "--rm", *course.options, _BUILT, "sh", "-c", _CHECK)
        losses += exercise(docker, step, *check)
        docker.stop()
        course.mount()
        start(docker, "restart")
    return losses


_BUILT = "docker.io/fscaps/built"
_DOCKERFILE = f"""
FROM {image.FULL}
COPY added /data/
RUN rm -r /data/course-delete-dir && chown 200001 /data/course-chown && mkfifo /data/made
"""
_CHECK = """
cd /data
test "$(cat added)" = added || echo "a file was not added"
test ! -e course-delete-dir || echo "a directory was not deleted"
test "$(stat -c %u course-chown)" = 200001 || echo "an owner was not changed"
test -p made || echo "a FIFO was not made"
"""


_HAS_LEFT = "This node is not part of a swarm"


def swarm(docker: Docker, course: Course) -> list[str]:
    """Make a swarm of one, keep a setting in it, and find both after a restart."""
    setting = docker.work / "setting"
    setting.write_text("kept\n")
    command(docker, "swarm init", "swarm", "init", "--advertise-addr", "127.0.0.1")
    command(docker, "config create", "config", "create", "setting", str(setting))
    docker.stop()
    course.mount()
    start(docker, "restart")
    command(docker, "node", "node", "inspect", "self")
    kept = docker.cli("config", "inspect", "-f", '{{printf "%s" .Spec.Data}}', "setting")
    left = docker.cli("swarm", "leave", "--force")
    if left.returncode:  # its log may have been open yet
        left = docker.cli("swarm", "leave", "--force")
    if left.returncode and _HAS_LEFT not in left.stderr:
        raise Stopped("leave", left.stderr.strip())
    if kept.stdout != "kept\n\n":  # it is all that lies here
        raise Stopped("restarted", f"a setting: {kept.stdout!r} {kept.stderr!r}")
    return []
