"""Containerd on a machine of its own, and what it is given to do with a directory."""

from __future__ import annotations

import json
import re
import subprocess
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from lab import image
from lab.course import FIRST, exercise_words, faithful
from lab.machine import PATIENCE, Machine, wait
from lab.outcome import Level, Outcome, Stopped
from lab.tree import differences, expected

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lab.place import Place

_SOCKET = "/run/containerd/containerd.sock"
_DIFF = 'ctr snapshots --snapshotter "$1" diff "$2" >/run/diff && tar -tzf /run/diff'


class Containerd(Machine):
    """One daemon, its root in one directory."""

    def __init__(self, work: Path, directory: Path, snapshotter: str, root: Path | None) -> None:
        """Keep settings and log in `work`."""
        super().__init__(work, root)
        self.directory = directory
        self.snapshotter = snapshotter
        self.volume = work / "named"  # no affair of containerd's: on the local disk
        self._daemon: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        """Write the daemon's settings."""
        super().prepare()
        settings = f"version = 2\nroot = {json.dumps(str(self.directory), ensure_ascii=False)}\n"
        settings += 'state = "/run/containerd"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
        self.volume.mkdir()
        (self.work / "config.toml").write_text(settings, encoding="utf-8", errors="surrogateescape")

    def start(self) -> None:
        """Start the daemon and wait until it answers, or stop the course."""
        with (self.work / "containerd.log").open("ab") as log:
            self._daemon = subprocess.Popen(
                self.enter("containerd", "-c", str(self.work / "config.toml")),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment(),
            )
        deadline = time.monotonic() + PATIENCE
        while self.ctr("version").returncode:
            if self._daemon.poll() is not None or time.monotonic() > deadline:
                raise Stopped("start", "\n".join(self.complaints) or "no answer")
            time.sleep(0.05)
        plugins = self.ctr("plugins", "ls").stdout.splitlines()
        (state,) = [line.split() for line in plugins if self._names(line)]
        if state[-1] != "ok":
            why = [line for line in self._log() if "error=" in line and self.snapshotter in line]
            raise Stopped("start", "\n".join([f"{self.snapshotter}: {state[-1]}", *why]))

    def _names(self, line: str) -> bool:
        words = line.split()
        return words[:2] == ["io.containerd.snapshotter.v1", self.snapshotter]

    def kill(self) -> None:
        """Kill it and what it runs, as a power cut would."""
        self.kill_all()
        if self._daemon is not None:
            wait(self._daemon)
        self._daemon = None

    def close(self) -> None:
        """Take the machine down."""
        super().close()
        if self._daemon is not None:
            wait(self._daemon)

    def ctr(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Run the client; a call that is not answered ends by itself."""
        return self.try_run("ctr", "--connect-timeout", "5s", *args, env=self.address())

    def address(self) -> dict[str, str]:
        """Tell ctr where the daemon listens; the namespace is also the control group's name."""
        return {"CONTAINERD_ADDRESS": _SOCKET, "CONTAINERD_NAMESPACE": self.name}

    def command(self, step: str, *args: str) -> str:
        """Give a command that must succeed, or stop the course."""
        done = self.ctr(*args)
        if done.returncode:
            raise Stopped(step, done.stderr.strip())
        return done.stdout

    def container_root(self, container: str) -> Path:
        """Give the root directory of a running container, as a path of the host."""
        lines = self.ctr("tasks", "ls").stdout.splitlines()
        (pid,) = [words[1] for words in map(str.split, lines) if words[0] == container]
        return self.process_root(pid)

    @property
    def complaints(self) -> list[str]:
        """The log's errors, and its last words."""
        errors = [line for line in self._log() if "level=err" in line]
        return errors + [line for line in self._log() if not line.startswith("level=")]

    def _log(self) -> list[str]:
        """The log, without the time."""
        path = self.work / "containerd.log"
        lines = path.read_text(errors="surrogateescape").splitlines() if path.exists() else []
        return [re.sub(r"^time=\S+ ", "", line) for line in lines]


def root(place: Place, snapshotter: str) -> Outcome:
    """Use the directory as containerd's root."""
    began = time.monotonic()
    outcome = Outcome(Level.NO, driver=snapshotter)
    daemon = Containerd(place.scratch, place.directory, snapshotter, place.generation.root)
    with daemon:
        try:
            losses = tuple(_steps(daemon))
            outcome = replace(outcome, level=Level.LOSES if losses else Level.YES, losses=losses)
        except Stopped as end:
            level = Level.TRIVIAL if _runs_trivial(daemon) else Level.NO
            outcome = replace(outcome, level=level, step=end.step, words=end.words)
    seconds = round(time.monotonic() - began, 1)
    return replace(outcome, complaints=tuple(daemon.complaints), seconds=seconds)


def _steps(daemon: Containerd) -> Iterator[str]:
    """Take the course; containerd has neither volumes nor a commit, but it has a diff."""
    daemon.start()
    content = image.full()
    _load(daemon, image.FULL, content)
    _run(daemon, FIRST, image.FULL)
    root_directory = daemon.container_root(FIRST)
    wanted = expected(content)
    yield from faithful(differences(root_directory, wanted, ("bin", "data", "tmp")))
    yield from _exercise(daemon, "change", "change")
    daemon.command("kill", "task", "kill", "-s", "SIGKILL", FIRST)
    yield from _diff(daemon)
    daemon.kill()
    daemon.start()
    daemon.ctr("task", "rm", "-f", FIRST)  # it may be known to have ended, or not at all
    daemon.command("run again", "task", "start", "-d", FIRST)
    yield from _exercise(daemon, "restarted", "check")
    daemon.command("remove", "task", "rm", "-f", FIRST)
    daemon.command("remove", "container", "rm", FIRST)
    daemon.command("remove", "image", "rm", "--sync", image.FULL)
    for name, layers in ((image.NAMES, image.names()), (image.ATTRIBUTES, image.attributes())):
        yield from _rare(daemon, name, layers)


def _load(daemon: Containerd, name: str, content: list[image.Layer]) -> None:
    archive = str(image.write(daemon.work / "image.tar", name, content))
    # By itself containerd 2.1 unpacks for its own choice of a snapshotter only.
    known = daemon.ctr("image", "import", "--help").stdout
    here = ("--local",) if "--local" in known else ()
    daemon.command("load", "image", "import", *here, "--snapshotter", daemon.snapshotter, archive)


def _run(daemon: Containerd, container: str, name: str) -> None:
    volume = f"type=bind,src={daemon.volume},dst=/named,options=rbind:rw"
    how = ("-d", "--snapshotter", daemon.snapshotter, "--allow-new-privs", "--mount", volume)
    sleep = ("/bin/busybox", "sleep", "1000")
    daemon.command("run", "run", *how, f"{name}:latest", container, *sleep)


def _exercise(daemon: Containerd, step: str, what: str) -> list[str]:
    args = ("task", "exec", "--exec-id", step, FIRST, "/bin/exercise", what)
    return exercise_words(step, daemon.ctr(*args))


def _diff(daemon: Containerd) -> list[str]:
    """Have the changes packed as a layer, as a build does: what was deleted must be in it."""
    done = daemon.try_run("sh", "-c", _DIFF, "sh", daemon.snapshotter, FIRST, env=daemon.address())
    if done.returncode:  # nothing can be built; all else works
        return [f"diff: {done.stderr.strip()}"]
    whiteouts = ("data/.wh.course-delete", "data/.wh.course-delete-dir", "data/.wh.course-rename")
    return [f"diff: no {name}" for name in whiteouts if name not in done.stdout.split()]


def _rare(daemon: Containerd, name: str, layers: list[image.Layer]) -> list[str]:
    container = name.rpartition("/")[2]
    try:
        _load(daemon, name, layers)
        _run(daemon, container, name)
    except Stopped as stopped:
        return [f"{stopped.step} {name}: {stopped.words}"]
    return differences(daemon.container_root(container), expected(layers), ("data",))


def _runs_trivial(daemon: Containerd) -> bool:
    try:
        _load(daemon, image.TRIVIAL, image.trivial())
        _run(daemon, "trivial", image.TRIVIAL)
    except Stopped:
        return False
    return True
