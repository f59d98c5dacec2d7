"""What a real dockerd says is recognised as it comes, and its cause is confirmed on the path."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import fscaps
from fscaps import Standing
from lab import image
from lab.engines.dockerd import Dockerd, missing as missing_engine
from lab.filesystems import FILESYSTEMS, missing
from lab.roles import ROLES

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(missing_engine() is not None, reason=missing_engine() or ""),
    pytest.mark.timeout(240),
]


def test_the_seed_s_third_line_is_made_and_its_cause_is_found(tmp_path: Path) -> None:
    """Something mounted over overlay2 under a running dockerd: the line, and what confirms it."""
    root = tmp_path / "data-root"
    root.mkdir()
    tar = image.write(tmp_path / "full.tar", "full", image.full())
    with Dockerd(tmp_path, root, driver="overlay2") as docker:
        assert docker.start()
        docker.run("mount", "-t", "tmpfs", "tmpfs", str(root / "overlay2"))
        said = docker.cli("load", "-i", str(tar)).stderr
        # as the machine sees it, where the mount is
        explanation = fscaps.explain(said, docker.root / root.relative_to("/"))
        docker.stop()
    (message,) = explanation.messages
    assert message.id == "docker/overlay2-link"
    standings = {cause.because.partition(".")[0]: cause.standing for cause in message.causes}
    assert standings["overlay2/l is gone"] is Standing.CONFIRMED
    assert standings["The file system keeps no symbolic links"] is Standing.REFUTED


@pytest.mark.parametrize(
    ("name", "message", "probe"),
    [
        ("overlay", "docker/driver-not-supported", "overlay.upper"),
        ("overlay", "docker/overlay-check", "overlay.upper"),
        ("ext4-colon", "docker/overlay-check", "name.option"),
        ("ext4-no-filetype", "docker/d-type", "directory.d_type"),
        ("ext4-immutable", "docker/root-permissions", "directory.changeable"),
        ("ext4-read-only", "docker/root-permissions", "directory.writable"),
    ],
)
def test_the_cause_of_what_dockerd_says_is_confirmed(
    tmp_path: Path, name: str, message: str, probe: str
) -> None:
    lacking = missing(FILESYSTEMS[name])
    if lacking:
        pytest.skip(f"{name}: {lacking}")
    with FILESYSTEMS[name](tmp_path) as directory:
        outcome = ROLES["docker/data-root"].use(directory)
        said = "\n".join((outcome.words, *outcome.complaints))
        explanation = fscaps.explain(said, directory)
    (found,) = (each for each in explanation.messages if each.id == message)
    confirmed = [each for each in found.causes if each.standing is Standing.CONFIRMED]
    assert probe in {each for cause in confirmed for each in cause.probes}
