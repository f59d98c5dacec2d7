"""The course that a storage directory must finish with a real engine.

The engine starts; an image loads without loss; a container changes what the image brought; it is
committed; the engine is restarted; container and committed image run again; all is removed.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Protocol

from lab import image
from lab.outcome import Level, Outcome, Stopped
from lab.tree import RETURNED, differences, expected

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterable, Iterator, Sequence

See = Callable[[Path], "list[str]"]  # what is wrong below a directory


class Client(Protocol):
    """An engine with a docker-like command line, on a machine of its own."""

    work: Path

    def __enter__(self) -> object:
        """Make the machine."""

    def __exit__(self, *exception: object) -> None:
        """Take it down."""

    def start(self) -> bool:
        """Start it, and say whether it works; its words are among the complaints."""

    def stop(self) -> None:
        """Stop it, and all that it runs."""

    def cli(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Give it a command."""

    def chosen_driver(self) -> str:
        """Give the storage driver that it runs with."""

    def look(self, container: str, see: See) -> list[str]:
        """Look at the root of a running container, as one whom its mounts let in."""

    @property
    def complaints(self) -> list[str]:
        """Its warnings and errors."""


Steps = Callable[[Any, "Course"], "list[str]"]  # any Client

COMMITTED = "docker.io/fscaps/committed"
FIRST = "first"

# By the names that exercise.sh and the build give them: these are no loss, but other files.
_WRONG = re.compile(
    "(an appended line|a deleted (file|directory)|a directory made again is empty"
    "|a renamed (file|directory)|a replaced file( in the volume)?): "
    "|a file was not added|a directory was not deleted"
)
_OWNER = re.compile(r": owner (\d+):\d+, not (\d+):\d+$")
_MODE = re.compile(r": mode ([0-7]+), not ([0-7]+)$")
_COMMIT = "committed"


class Course:
    """One course: what is mounted before each start, and how containers are run."""

    def __init__(
        self,
        mount: Callable[[], None] = lambda: None,
        options: Sequence[str] = (),
        content: Callable[[], list[image.Layer]] = image.full,
    ) -> None:
        """Take more options of `run`, and what the image is made of."""
        self.mount = mount
        self.options = ("--network=none", "-v", "named:/named", *options)
        self.content = content

    def run(self, client: Client, steps: Steps | None = None) -> Outcome:
        """Give an engine the whole course, from its first start to the removal of everything."""
        began = time.monotonic()
        outcome = Outcome(Level.NO)
        with client:
            try:
                self.mount()
                start(client)
                outcome = replace(outcome, driver=client.chosen_driver())
                losses = (steps or whole)(client, self)
                level = Level.LOSES if losses else Level.YES
                outcome = replace(outcome, level=level, losses=tuple(losses))
            except Stopped as end:
                level = Level.TRIVIAL if _runs_trivial(client, self) else Level.NO
                outcome = replace(outcome, level=level, step=end.step, words=end.words)
        seconds = round(time.monotonic() - began, 1)
        return replace(outcome, complaints=tuple(client.complaints), seconds=seconds)


def start(client: Client, step: str = "start") -> None:
    """Start the engine, or stop the course."""
    if not client.start():
        lines = client.complaints
        raise Stopped(step, "\n".join(line for line in lines if "level=warning" not in line))


def whole(client: Client, course: Course) -> list[str]:
    """Take every step; give what is lost."""
    archive = image.write(client.work / "full.tar", image.FULL, course.content(), ["/vol"])
    command(client, "load", "load", "-q", "-i", str(archive))
    losses = use(client, course)
    command(client, "remove", "rmi", image.FULL)
    return losses


def use(client: Client, course: Course) -> list[str]:
    """Take every step with an image that is there; give what is lost."""
    losses = _run(client, course)
    losses += exercise(client, "change", "exec", FIRST, "exercise", "change")
    losses += client.look(FIRST, lambda root: volume_locks(root / "named"))
    command(client, "kill", "kill", FIRST)
    command(client, "commit", "commit", FIRST, COMMITTED)
    client.stop()
    course.mount()
    start(client, "restart")
    command(client, "run again", "start", FIRST)
    losses += exercise(client, "restarted", "exec", FIRST, "exercise", "check")
    committed = ("run", "--rm", *course.options, COMMITTED, "exercise", "check")
    losses += exercise(client, _COMMIT, *committed)
    command(client, "remove", "kill", FIRST)  # podman's `rm -f` would ask politely for 10 s
    command(client, "remove", "rm", "-f", "-v", FIRST)
    command(client, "remove", "rmi", COMMITTED)
    command(client, "remove", "volume", "rm", "named")
    return losses


def layers(client: Client, course: Course) -> list[str]:
    """Take every step, and load images that have what few have."""
    return whole(client, course) + rare(client, course)


def faithful(seen: list[str]) -> list[str]:
    """Stop where it is another image, which is no loss.

    Something deleted is there again, or files belong to others, or are open to them.
    """
    wrong = [line for line in seen if line.endswith(RETURNED) or _is_anothers(line)]
    if wrong:
        raise Stopped("run", "\n".join(wrong))
    return seen


def _is_anothers(line: str) -> bool:
    """Whether a file belongs to another user, or is open to all for more than it was."""
    owner, mode = _OWNER.search(line), _MODE.search(line)
    if mode:
        return bool(int(mode[1], 8) & ~int(mode[2], 8) & 0o007)
    return owner is not None and owner[1] != owner[2]


def volume_locks(volume: Path) -> list[str]:
    """Lock a file as databases do, which busybox cannot."""
    try:
        with (volume / "locked").open("w") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return [f"lock a file of the volume: {error.strerror}"]
    return []


def _run(client: Client, course: Course) -> list[str]:
    """Start a container of the image; give what in it is not as the image says."""
    how = ("-d", *course.options, "--name", FIRST, image.FULL, "sleep", "1000")
    command(client, "run", "run", *how)
    wanted = expected(course.content())
    below = ("bin", "data", "tmp", "vol")
    return faithful(client.look(FIRST, lambda root: differences(root, wanted, below)))


def rare(client: Client, course: Course) -> list[str]:
    """Load images that have what few have; what cannot be unpacked is lost, the course goes on."""
    said = []
    for name, layers in ((image.NAMES, image.names()), (image.ATTRIBUTES, image.attributes())):
        try:
            said += _rare(client, course, name, layers)
        except Stopped as stopped:
            said.append(f"{stopped.step} {name}: {stopped.words}")
    return said


def _rare(client: Client, course: Course, name: str, layers: list[image.Layer]) -> list[str]:
    archive = image.write(client.work / "rare.tar", name, layers)
    container = name.rpartition("/")[2]
    command(client, "load", "load", "-q", "-i", str(archive))
    sleep = ("--name", container, name, "/bin/busybox", "sleep", "1000")
    command(client, "run", "run", "-d", *course.options, *sleep)
    return client.look(container, lambda root: differences(root, expected(layers), ("data",)))


def command(client: Client, step: str, *args: str) -> None:
    """Give the engine a command that must succeed, or stop the course."""
    done = client.cli(*args)
    if done.returncode:
        raise Stopped(step, done.stderr.strip())


def exercise(client: Client, step: str, *args: str) -> list[str]:
    """Run the exercise; what it names is lost. When it cannot run, the course is over."""
    return exercise_words(step, client.cli(*args))


def exercise_words(step: str, done: subprocess.CompletedProcess[str]) -> list[str]:
    """Give what the exercise has named as lost; stop where a container's own work went wrong.

    What is committed may be another image than the container was, which is a loss of its own: what
    runs is right.
    """
    if done.returncode not in {0, 1} or (done.returncode and not done.stdout):
        raise Stopped(step, done.stderr.strip() or done.stdout.strip())
    wrong = [line for line in done.stdout.splitlines() if _WRONG.match(line)]
    if wrong and step != _COMMIT:
        raise Stopped(step, "\n".join(wrong))
    return [f"{step}: {line}" for line in done.stdout.splitlines()]


def _runs_trivial(client: Client, course: Course) -> bool:
    archive = image.write(client.work / "trivial.tar", image.TRIVIAL, image.trivial())
    load = ("load", "-q", "-i", str(archive))
    run = ("run", "--rm", *course.options, image.TRIVIAL, "true")
    return all(client.cli(*step).returncode == 0 for step in (load, run))


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a directory on the local disk."""
    with tempfile.TemporaryDirectory(prefix="fscaps-engine-") as work:
        yield Path(work)


@contextmanager
def emptied(directory: Path) -> Iterator[None]:
    """Remove afterwards what the engine has left in a directory, as far as it still answers."""
    before, mode = set(), None
    with suppress(OSError):
        before, mode = set(os.listdir(directory)), directory.stat().st_mode
    try:
        yield
    finally:
        with suppress(OSError):
            if mode is not None:
                directory.chmod(mode)
                _remove(directory / name for name in set(os.listdir(directory)) - before)


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
