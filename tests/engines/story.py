"""The stories of an overlay2 that was put elsewhere, played on a local disk with a real dockerd.

Each function answers with the engine's own words, or with nothing when all went well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab import image
from lab.engines.dockerd import Dockerd

if TYPE_CHECKING:
    from pathlib import Path


def symlink_before_start(work: Path) -> str:
    """Overlay2 is a symbolic link to another directory when the daemon starts."""
    data_root, elsewhere = _directories(work)
    (data_root / "overlay2").symlink_to(elsewhere)
    with Dockerd(work, data_root, driver="overlay2") as daemon:
        return _start(daemon) or _load(daemon) or _run(daemon)


def symlink_under_live_daemon(work: Path) -> str:
    """Overlay2 is moved and a symbolic link to it put in its place, under a daemon that runs."""
    data_root, elsewhere = _directories(work)
    overlay2 = data_root / "overlay2"
    with Dockerd(work, data_root, driver="overlay2") as daemon:
        if words := _start(daemon):
            return words
        overlay2.rename(elsewhere / "overlay2")
        overlay2.symlink_to(elsewhere / "overlay2")
        return _load(daemon) or _run(daemon)


def empty_link_under_live_daemon(work: Path) -> str:
    """Overlay2 is replaced by a symbolic link to an empty directory, under a daemon that runs."""
    data_root, elsewhere = _directories(work)
    overlay2 = data_root / "overlay2"
    with Dockerd(work, data_root, driver="overlay2") as daemon:
        if words := _start(daemon):
            return words
        overlay2.rename(work / "before")
        overlay2.symlink_to(elsewhere)
        return _load(daemon) or _run(daemon)


def mount_under_live_daemon(work: Path) -> str:
    """An empty tmpfs is mounted on overlay2, under a daemon that runs.

    The daemon has made overlay2/l at its start and does not make it again, so that the first new
    layer finds no directory for its short name.
    """
    data_root, _ = _directories(work)
    with Dockerd(work, data_root, driver="overlay2") as daemon:
        if words := _start(daemon):
            return words
        daemon.run("mount", "-t", "tmpfs", "tmpfs", str(data_root / "overlay2"))
        return _load(daemon) or _run(daemon)


@dataclass(frozen=True)
class Restart:
    """What a restart makes of an overlay2 that is a mount of its own."""

    mounted_before: bool
    mounted_after: bool  # when the daemon has stopped
    images: list[str]  # that the daemon still lists when it runs again
    start_words: str  # for the container that was there before
    run_words: str  # for a new container of the image that was there before
    load_words: str  # when that image is loaded once more


def restart_on_separate_mount(work: Path) -> Restart:
    """Overlay2 is a mount of its own; the daemon is restarted, the mount is left to itself.

    When dockerd stops it unmounts everything at and below overlay2 (moby overlay2.go, Cleanup).
    """
    data_root, elsewhere = _directories(work)
    overlay2 = data_root / "overlay2"
    overlay2.mkdir()
    with Dockerd(work, data_root, driver="overlay2") as daemon:
        daemon.run("mount", "--bind", str(elsewhere), str(overlay2))
        words = _start(daemon) or _load(daemon)
        words = words or _words(daemon, "create", "--name", "old", image.TRIVIAL, "true")
        words = words or _words(daemon, "start", "-a", "old")
        assert not words, words
        before = daemon.mounted(overlay2)
        daemon.stop()
        after = daemon.mounted(overlay2)
        assert not _start(daemon)
        images = daemon.cli("images", "--format", "{{.Repository}}").stdout.split()
        start, run = _words(daemon, "start", "-a", "old"), _run(daemon)
        return Restart(before, after, images, start, run, _load(daemon) or _run(daemon))


def _directories(work: Path) -> tuple[Path, Path]:
    directories = work / "data-root", work / "elsewhere"
    for directory in directories:
        directory.mkdir()
    return directories


def _start(daemon: Dockerd) -> str:
    return "" if daemon.start() else "\n".join(daemon.complaints)


def _load(daemon: Dockerd) -> str:
    archive = image.write(daemon.work / "trivial.tar", image.TRIVIAL, image.trivial())
    return _words(daemon, "load", "-q", "-i", str(archive))


def _run(daemon: Dockerd) -> str:
    return _words(daemon, "run", "--rm", "--network=none", image.TRIVIAL, "true")


def _words(daemon: Dockerd, *args: str) -> str:
    done = daemon.cli(*args)
    return done.stderr.strip() if done.returncode else ""
