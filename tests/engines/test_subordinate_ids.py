"""What real rootless engines do with few subordinate ids, on an ext4 that is not to blame."""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING

import pytest

import fscaps
from fscaps.engines import every
from lab import image, user
from lab.engines.docker_rootless import Rootless as Docker
from lab.engines.podman import Rootless as Podman
from lab.filesystems import FILESYSTEMS, missing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PROGRAMS = ("podman", "crun", "dockerd", "rootlesskit", "newuidmap")
_LACKING = next((f"no {name}" for name in _PROGRAMS if shutil.which(name) is None), None)
_WHY = "engines need root" if os.geteuid() else _LACKING

pytestmark = [
    pytest.mark.skipif(_WHY is not None, reason=_WHY or ""),
    pytest.mark.timeout(240),
]
FEW = 10000


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory of a user's who has few subordinate ids, on ext4."""
    monkeypatch.setattr(user, "SUBORDINATE", (100000, FEW))
    if missing(FILESYSTEMS["ext4"]):
        pytest.skip(f"ext4: {missing(FILESYSTEMS['ext4'])}")
    with FILESYSTEMS["ext4"](tmp_path) as directory:
        user.give(directory)
        yield directory


def _loaded(engine: Podman | Docker, owner: int) -> str:
    """What it says to an image with a file of that owner; empty if it takes the image."""
    layers = [*image.trivial(), [image.file("owned", owner=owner)]]
    archive = image.write(engine.work / f"{owner}.tar", f"image{owner}", layers)
    archive.chmod(0o644)
    done = engine.cli("load", "-i", str(archive))
    return done.stdout + done.stderr if done.returncode else ""


def _foretold(role: str) -> str:
    engine = role.partition("/")[0]
    (needs,) = (found.needs for found in every()[engine].roles if found.id == role)
    (need,) = (need for need in needs if need.any_of == (fscaps.probes.rootless.ids,))
    return ".*".join(map(re.escape, need.says.split("…")))


@pytest.mark.parametrize("role", ["podman/rootless", "docker/rootless"])
def test_an_owner_above_the_ids_is_what_fails(role: str, place: Path, tmp_path: Path) -> None:
    engine: Podman | Docker
    if role == "podman/rootless":
        engine = Podman(tmp_path, place, driver="overlay", hidden=())
    else:
        engine = Docker(tmp_path, place, driver="overlay2")
    with engine:
        assert engine.start()
        assert _loaded(engine, FEW) == ""
        assert re.search(_foretold(role), _loaded(engine, FEW + 1))
        engine.stop()
