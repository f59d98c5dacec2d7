"""A course that a Docker storage directory must finish, with a real dockerd.

The daemon starts; an image loads without loss; a container changes what the image brought; it is
committed; the daemon restarts; container and committed image run again; everything is removed.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Callable

from . import image
from .dockerd import Dockerd

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Mount = Callable[[Dockerd], None]
Steps = Callable[[Dockerd, Mount], "list[str]"]


class Level(str, Enum):
    """How well a directory serves."""

    YES = "yes"
    LOSES = "loses"  # everything runs, but not everything is kept
    TRIVIAL = "trivial"  # an image of busybox alone works
    NO = "no"


@dataclass(frozen=True)
class Outcome:
    """What became of a course."""

    level: Level
    driver: str | None = None  # the one the daemon has chosen
    step: str = ""  # where the course ended, if it did not finish
    words: str = ""  # what the client said there, or else the daemon; verbatim
    losses: tuple[str, ...] = ()
    complaints: tuple[str, ...] = ()  # warnings and errors of the daemon's log
    seconds: float = 0.0


def data_root(directory: Path, *, driver: str | None) -> Outcome:
    """Use a directory as the whole data-root."""
    with _scratch() as work, _emptied(directory):
        return _course(Dockerd(work, directory, driver=driver))


def image_dir(directory: Path) -> Outcome:
    """Use a directory as <data-root>/image, which holds image metadata only."""
    return _part(directory, "image")


def overlay2_dir(directory: Path) -> Outcome:
    """Use a directory as <data-root>/overlay2, which holds layers and containers."""
    return _part(directory, "overlay2")


def volumes_dir(directory: Path) -> Outcome:
    """Use a directory as <data-root>/volumes."""
    return _part(directory, "volumes")


def _part(directory: Path, name: str) -> Outcome:
    """Bind the directory into a data-root on the host's disk, before the daemon starts."""
    with _scratch() as work, _emptied(directory):
        point = work / "data-root" / name
        point.mkdir(parents=True)

        def mount(daemon: Dockerd) -> None:
            # Before the restart once more: when dockerd stops, it unmounts overlay2 (moby
            # daemon/graphdriver/overlay2/overlay.go Cleanup: RecursiveUnmount of its home).
            try:
                if not daemon.mounted(point):
                    daemon.run("mount", "--bind", str(directory), str(point))
            except RuntimeError as error:
                raise _Stopped("mount", str(error)) from error

        return _course(Dockerd(work, point.parent, driver="overlay2"), mount)


def odd_names(directory: Path, *, driver: str | None) -> Outcome:
    """Use a directory as the data-root of an image with names that are not UTF-8, nor polite."""
    with _scratch() as work, _emptied(directory):
        return _course(Dockerd(work, directory, driver=driver), steps=_odd_steps)


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="fscaps-dockerd-") as work:
        yield Path(work)


@contextmanager
def _emptied(directory: Path) -> Iterator[None]:
    """Remove afterwards what the daemon has left in a directory, as far as it still answers."""
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


# The course


def _no_mount(_: Dockerd) -> None:
    """Mount nothing."""


class _Stopped(Exception):  # noqa: N818 - the course ended early, which is an answer
    """The course cannot go on."""

    def __init__(self, step: str, words: str) -> None:
        """Keep the step and the engine's words."""
        super().__init__(step)
        self.step, self.words = step, words


def _course(daemon: Dockerd, mount: Mount = _no_mount, steps: Steps | None = None) -> Outcome:
    began = time.monotonic()
    outcome = Outcome(Level.NO)
    with daemon:
        try:
            mount(daemon)
            _start(daemon)
            outcome = replace(outcome, driver=daemon.info()["Driver"])
            losses = (steps or _steps)(daemon, mount)
            level = Level.LOSES if losses else Level.YES
            outcome = replace(outcome, level=level, losses=tuple(losses))
        except _Stopped as end:
            level = Level.TRIVIAL if _runs_trivial(daemon) else Level.NO
            outcome = replace(outcome, level=level, step=end.step, words=end.words)
    seconds = round(time.monotonic() - began, 1)
    return replace(outcome, complaints=tuple(daemon.complaints), seconds=seconds)


def _start(daemon: Dockerd, step: str = "start") -> None:
    if not daemon.start():
        lines = daemon.complaints
        raise _Stopped(step, "\n".join(line for line in lines if "level=warning" not in line))


def _steps(daemon: Dockerd, mount: Mount) -> list[str]:
    layers = image.full()
    archive = image.write(daemon.work / "full.tar", image.FULL, layers, ["/vol"])
    _docker(daemon, "load", "load", "-q", "-i", str(archive))
    _docker(daemon, "run", "run", "-d", *_OPTIONS, "--name", "first", image.FULL, "sleep", "1000")
    root = daemon.container_root("first")
    losses = image.differences(root, image.expected(layers), ("bin", "data", "tmp", "vol"))
    losses += _exercise(daemon, "change", "exec", "first", "exercise", "change")
    _docker(daemon, "kill", "kill", "first")
    _docker(daemon, "commit", "commit", "first", _COMMITTED)
    daemon.stop()
    mount(daemon)
    _start(daemon, "restart")
    _docker(daemon, "run again", "start", "first")
    losses += _exercise(daemon, "restarted", "exec", "first", "exercise", "check")
    losses += _exercise(
        daemon, "committed", "run", "--rm", *_OPTIONS, _COMMITTED, "exercise", "check"
    )
    _docker(daemon, "remove", "rm", "-f", "-v", "first")
    _docker(daemon, "remove", "rmi", _COMMITTED, image.FULL)
    _docker(daemon, "remove", "volume", "rm", "named")
    return losses


def _odd_steps(daemon: Dockerd, _: Mount) -> list[str]:
    layers = image.odd()
    archive = image.write(daemon.work / "odd.tar", image.ODD, layers)
    _docker(daemon, "load", "load", "-q", "-i", str(archive))
    command = ("/bin/busybox", "sleep", "1000")
    _docker(daemon, "run", "run", "-d", "--network=none", "--name", "first", image.ODD, *command)
    return image.differences(daemon.container_root("first"), image.expected(layers), ("data",))


_COMMITTED = "fscaps/committed"
_OPTIONS = ("--network=none", "-v", "named:/named")


def _docker(daemon: Dockerd, step: str, *args: str) -> None:
    done = daemon.docker(*args)
    if done.returncode:
        raise _Stopped(step, done.stderr.strip())


def _exercise(daemon: Dockerd, step: str, *args: str) -> list[str]:
    """Run the exercise; what it names is lost. When it cannot run, the course is over."""
    done = daemon.docker(*args)
    if done.returncode not in {0, 1} or done.stderr:
        raise _Stopped(step, done.stderr.strip() or done.stdout.strip())
    return [f"{step}: {line}" for line in done.stdout.splitlines()]


def _runs_trivial(daemon: Dockerd) -> bool:
    archive = image.write(daemon.work / "trivial.tar", image.TRIVIAL, image.trivial())
    steps: Sequence[Sequence[str]] = (
        ("load", "-q", "-i", str(archive)),
        ("run", "--rm", "--network=none", image.TRIVIAL, "true"),
    )
    return all(daemon.docker(*step).returncode == 0 for step in steps)
