"""Podman on a machine of its own, and what it is given to do with a directory."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from lab import image, user
from lab.course import Course, layers, use
from lab.machine import Machine
from lab.outcome import Level, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lab.course import See
    from lab.place import Place

# What Docker's containers may do and podman's may not, unless told.
CAPABILITIES = "--cap-add=MKNOD,NET_RAW"
_FUSE_OVERLAYFS = "/usr/bin/fuse-overlayfs"
_RUNROOT = "/run/containers/storage"


class Podman(Machine):
    """Podman as root, its whole storage (graphroot) in one directory."""

    def __init__(
        self,
        work: Path,
        graphroot: Path,
        *,
        driver: str | None,
        root: Path | None = None,
        options: Mapping[str, str] | None = None,
        hidden: Sequence[str] = (_FUSE_OVERLAYFS,),
    ) -> None:
        """Keep settings in `work`, everything else in `graphroot`.

        Podman takes fuse-overlayfs for the kernel's overlay wherever that fails, so it is hidden.
        """
        super().__init__(work, root)
        self.graphroot = graphroot
        self.driver = driver
        self.options = options or {}
        self.hidden = hidden
        self._said: list[str] = []

    def prepare(self) -> None:
        """Write podman's settings."""
        super().prepare()
        for program in self.hidden:
            self.run("mount", "--bind", "/dev/null", program)
        # crun refuses version 1 beside version 2; no controller is wanted here at all.
        if self.run("stat", "-f", "-c", "%T", "/sys/fs/cgroup").strip() != "cgroup2fs":
            self.run("mount", "-t", "cgroup2", "cgroup2", "/sys/fs/cgroup")
        (self.work / "storage.conf").write_text(
            self._storage(), encoding="utf-8", errors="surrogateescape"
        )
        (self.work / "containers.conf").write_text(_CONTAINERS)
        (self.work / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')

    def start(self) -> bool:
        """Ask podman about its storage, which sets it up."""
        done = self.cli("info", "--format", "{{json .Store}}")
        if done.returncode:
            self._said = done.stderr.strip().splitlines()
            return False
        self._store = json.loads(done.stdout)
        return True

    def stop(self) -> None:
        """Stop everything as a restart of the computer would."""
        self.kill_all()

    def cli(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Run podman."""
        options = ["--signature-policy", str(self.work / "policy.json")]
        command = [args[0], *options, *args[1:]] if args[0] == "load" else list(args)
        return self.try_run(*self.caller(), "podman", *command, env=self._environment())

    def caller(self) -> list[str]:
        """Give the command that makes a process of podman's user of one that is root's."""
        return []

    def chosen_driver(self) -> str:
        """Give the storage driver, and the program that mounts for it, if one does."""
        name = str(self._store["graphDriverName"])
        # containers/storage drivers/overlay/overlay.go:SupportsNativeOverlay notes it there.
        noted = self.graphroot / "overlay/.has-mount-program"
        by_program = noted.exists() and noted.read_text() == "true"
        return f"{name} by fuse-overlayfs" if by_program else name

    def container_root(self, container: str) -> Path:
        """Give the root directory of a running container, as a path of the host."""
        pid = self.cli("inspect", "-f", "{{.State.Pid}}", container).stdout.strip()
        return self.process_root(pid)

    def look(self, container: str, see: See) -> list[str]:
        """Look at the root of a running container."""
        return see(self.container_root(container))

    @property
    def complaints(self) -> list[str]:
        """What podman said when it did not start."""
        return self._said

    def _environment(self) -> dict[str, str]:
        return {
            "CONTAINERS_STORAGE_CONF": str(self.work / "storage.conf"),
            "CONTAINERS_CONF": str(self.work / "containers.conf"),
            "PODMAN_IGNORE_CGROUPSV1_WARNING": "1",
        }

    def _storage(self) -> str:
        lines = [f"{name} = {value}" for name, value in self.options.items()]
        driver = f"driver = {json.dumps(self.driver)}\n" if self.driver else ""
        return (
            f"[storage]\n{driver}"
            f"graphroot = {_toml(self.graphroot)}\nrootless_storage_path = "
            f"{_toml(self.graphroot)}\nrunroot = {json.dumps(self.runroot)}\n"
            "[storage.options]\n"
            + "".join(f"{line}\n" for line in lines if not line.startswith("overlay."))
            + "[storage.options.overlay]\n"
            + "".join(f"{line[8:]}\n" for line in lines if line.startswith("overlay."))
        )

    @property
    def runroot(self) -> str:
        """Where podman keeps what does not outlive a restart of the computer."""
        return _RUNROOT


_CONTAINERS = """
[containers]
cgroups = "disabled"
netns = "none"
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "crun"
no_pivot_root = false
"""


def _toml(path: Path) -> str:
    # TOML takes any character but no byte that is not UTF-8.
    return json.dumps(os.fspath(path), ensure_ascii=False)


class Rootless(Podman):
    """Podman as an ordinary user, who has subordinate ids, as rootless podman wants it."""

    def prepare(self) -> None:
        """Make the user."""
        super().prepare()
        user.settle(self)
        # As on any host but this: whoever is in a user namespace may mount FUSE.
        self.run("mknod", "-m", "666", str(self.work / "fuse"), "c", "10", "229")
        self.run("mount", "--bind", str(self.work / "fuse"), "/dev/fuse")
        self._make_runtime_directory()

    def _make_runtime_directory(self) -> None:
        self.run("mkdir", "-p", self.runtime)
        self.run("chown", f"{user.ID}:{user.ID}", self.runtime)

    @property
    def runtime(self) -> str:
        """XDG_RUNTIME_DIR."""
        return f"/run/user/{user.ID}"

    @property
    def runroot(self) -> str:
        """Where podman keeps what does not outlive a restart of the computer."""
        return f"{self.runtime}/containers"

    def caller(self) -> list[str]:
        """Become the user."""
        return user.become()

    def stop(self) -> None:
        """Stop everything as a restart of the computer would."""
        super().stop()
        self._make_runtime_directory()

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """Give the user's environment."""
        return super().environment({"XDG_RUNTIME_DIR": self.runtime, "USER": "lab", **(more or {})})

    def look(self, container: str, see: See) -> list[str]:
        """Look with the container's own eyes: a user's FUSE mount lets nobody else in."""
        return user.seen_by(self.container_root(container).parent, see)


def graphroot(place: Place, driver: str) -> Outcome:
    """Use the directory as the graphroot of a podman of root's."""
    root = place.generation.root
    return _work(Podman(place.scratch, place.directory, driver=driver, root=root))


def with_fuse_overlayfs(place: Place) -> Outcome:
    """Use the directory as a graphroot whose overlays fuse-overlayfs mounts."""
    options = {"overlay.mount_program": json.dumps(_FUSE_OVERLAYFS)}
    root = place.generation.root
    storage = (place.scratch, place.directory)
    return _work(Podman(*storage, driver="overlay", root=root, options=options, hidden=()))


def with_default_driver(place: Place) -> Outcome:
    """Use the directory as a graphroot, and let podman choose."""
    root = place.generation.root
    return _work(Podman(place.scratch, place.directory, driver=None, root=root, hidden=()))


def _work(podman: Podman) -> Outcome:
    return Course(options=[CAPABILITIES]).run(podman, layers)


def rootless(place: Place) -> Outcome:
    """Use the directory as the graphroot of a podman of an ordinary user's.

    He has fuse-overlayfs, which podman then takes wherever the kernel's overlay fails.
    """
    user.give(place.directory)
    root = place.generation.root
    podman = Rootless(place.scratch, place.directory, driver="overlay", root=root, hidden=())
    # No device node can be made in a user namespace, wherever.
    options = [CAPABILITIES, "--env=DEVICES=none"]
    course = Course(options=options, content=image.without_devices)
    return course.run(podman, layers)


def additional_image_store(place: Place) -> Outcome:
    """Fill a store on the local disk, copy it to the directory, and run images from there."""
    copy = ("cp", "--archive", f"{filled_store(place)}/.", f"{place.directory}/")
    copied = subprocess.run(copy, check=False, capture_output=True, text=True)
    if copied.returncode:
        return Outcome(Level.NO, step="copy", words=copied.stderr.strip().splitlines()[0])
    shared = reader(place, place.directory)

    def mount() -> None:
        _forget(place.directory)
        if not shared.mounted(place.directory):
            shared.run("mount", "--bind", str(place.directory), str(place.directory))
        shared.run("mount", "-o", "remount,bind,ro", str(place.directory))

    return Course(mount, [CAPABILITIES]).run(shared, use)


def _forget(directory: Path) -> None:
    """Have the kernel forget what it knows of a directory, as one who comes later knows nothing.

    Attributes of FUSE that were cached while the store was copied kept users out of it.
    """
    subprocess.run(["sync", "-f", directory], check=True)
    Path("/proc/sys/vm/drop_caches").write_text("3", encoding="ascii")


def filled_store(place: Place) -> Path:
    """Fill a store on the local disk with the full image."""
    filled, root = place.scratch / "filled", place.generation.root
    archive = image.write(place.scratch / "full.tar", image.FULL, image.full(), ["/vol"])
    with Podman(place.scratch, filled, driver="overlay", root=root) as podman:
        loaded = podman.cli("load", "-q", "-i", str(archive))
        if loaded.returncode:
            raise RuntimeError(f"cannot fill an image store: {loaded.stderr}")
    return filled


def reader(place: Place, store: Path) -> Podman:
    """Give a podman with storage of its own, and the store to read images from."""
    options = {"additionalimagestores": f"[{_toml(store)}]"}
    root = place.generation.root
    return Podman(
        place.scratch, place.scratch / "own", driver="overlay", root=root, options=options
    )
