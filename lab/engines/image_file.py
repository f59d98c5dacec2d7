"""Storage that lies in one large file of the directory, which holds a file system of its own."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from lab.course import Course, faithful, layers, use
from lab.engines import podman
from lab.engines.docker import Docker
from lab.outcome import Level, Outcome, Stopped

if TYPE_CHECKING:
    from pathlib import Path

    from lab.course import Client
    from lab.machine import Machine
    from lab.place import Place


def data_root(place: Place) -> Outcome:
    """Make an ext4 in a file of the directory, and use that as the whole data-root."""
    file, point = place.directory / "data-root.ext4", place.scratch / "data-root"
    point.mkdir()
    docker = Docker(place.scratch, point, driver="overlay2", root=place.generation.root)

    def mount() -> None:
        if docker.mounted(point):  # the restart: let go of it, as when another host takes over
            _take("check", docker, "umount", str(point))
            _take("check", docker, "fsck.ext4", "-fn", str(file))
        else:
            _take("image", docker, "truncate", f"--size={_size(place.directory)}", str(file))
            _take("image", docker, "mkfs.ext4", "-q", str(file))
        _take("mount", docker, "mount", "-o", "loop", str(file), str(point))

    return Course(mount).run(docker, layers)


def _size(directory: Path) -> int:
    """2 GiB, or what a small disk has room for: not every file system leaves holes."""
    free = os.statvfs(directory)
    if not free.f_blocks:  # ramfs has no end of its own
        return 2 << 30
    return min(2 << 30, free.f_bavail * free.f_frsize // 10 * 9)


def image_store(place: Place) -> Outcome:
    """Fill a store on the local disk, make an EROFS of it in the directory, and use that."""
    made, file = place.scratch / "store.erofs", place.directory / "store.erofs"
    point = place.scratch / "shared"
    point.mkdir()
    filled = podman.filled_store(place)
    for command in (("mkfs.erofs", made, filled), ("cp", made, file)):
        done = subprocess.run(
            [str(word) for word in command], check=False, capture_output=True, text=True
        )
        if done.returncode:
            return Outcome(Level.NO, step="image", words=done.stderr.strip().splitlines()[0])
    reader = podman.reader(place, point)

    def mount() -> None:
        if not reader.mounted(point):
            _take("mount", reader, "mount", "-o", "loop,ro", str(file), str(point))

    return Course(mount, [podman.CAPABILITIES]).run(reader, _read)


def _read(client: Client, course: Course) -> list[str]:
    return faithful(use(client, course))


def _take(step: str, machine: Machine, *command: str) -> None:
    try:
        machine.run(*command)
    except RuntimeError as error:
        raise Stopped(step, str(error)) from error
