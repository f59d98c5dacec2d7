"""What a real dockerd says is recognised as it comes, and its cause is confirmed on the path."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from filesystems.host import FILESYSTEMS, missing

import fscaps
from engines import course
from engines.dockerd import missing as missing_engine
from fscaps import Standing

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(missing_engine() is not None, reason=missing_engine() or ""),
    pytest.mark.timeout(240),
]


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
        outcome = course.data_root(directory, driver="overlay2")
        said = "\n".join((outcome.words, *outcome.complaints))
        explanation = fscaps.explain(said, directory)
    (found,) = (each for each in explanation.messages if each.id == message)
    confirmed = [each for each in found.causes if each.standing is Standing.CONFIRMED]
    assert probe in {each for cause in confirmed for each in cause.probes}
