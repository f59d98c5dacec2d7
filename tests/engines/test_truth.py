"""The verdicts against a real dockerd that is given the same directory, a whole image course each.

Also: where dockerd fails, its words are among those that fscaps gave.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import fscaps
from fscaps import Fitness
from lab.engines.dockerd import missing as missing_engine
from lab.filesystems import FILESYSTEMS, missing
from lab.foretold import OTHERWISE, foretold
from lab.outcome import Level, Outcome
from lab.roles import ROLES

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(missing_engine() is not None, reason=missing_engine() or ""),
    pytest.mark.timeout(240),
]

MEANS = {
    Level.YES: Fitness.SUITABLE,
    Level.LOSES: Fitness.DEGRADED,
    Level.TRIVIAL: Fitness.UNSUITABLE,
    Level.NO: Fitness.UNSUITABLE,
}

DATA_ROOT = [
    "ext4",
    "ext4-noexec",
    "ext4-nosuid",
    "ext4-nodev",
    "ext4-no-filetype",
    "ext4-symlink",
    "ext4-colon",
    "ext4-comma",
    "ext4-read-only",
    "ext4-immutable",
    "xfs",
    "btrfs",
    "tmpfs",
    "ramfs",
    "overlay",
    "bindfs",
    "fuse-plain",
    "squashfs",
    "hugetlbfs",
]
PARTS = ["ext4", "ext4-no-filetype", "ext4-noexec", "ramfs", "overlay", "bindfs", "mergerfs"]


def _both(name: str, work: Path, role: str) -> tuple[fscaps.Verdict, Outcome]:
    """What fscaps says of a fresh file system, and then what dockerd makes of it."""
    lacking = missing(FILESYSTEMS[name])
    if lacking:
        pytest.skip(f"{name}: {lacking}")
    with FILESYSTEMS[name](work) as directory:
        verdict = fscaps.survey(directory, roles=[role])[role]
        return verdict, ROLES[role].use(directory)


def _check_words(name: str, verdict: fscaps.Verdict, outcome: Outcome) -> None:
    """A whole line that fscaps gave is among dockerd's, but where it is known not to be."""
    if verdict.fitness is Fitness.UNSUITABLE and (name, verdict.id) not in OTHERWISE:
        words = (outcome.words, *outcome.complaints)
        assert foretold(verdict, words), (verdict.blockers, outcome)


@pytest.mark.parametrize("name", DATA_ROOT)
def test_a_whole_data_root(name: str, tmp_path: Path) -> None:
    """The verdict on docker/data-root is what dockerd -s overlay2 does with it."""
    verdict, outcome = _both(name, tmp_path, "docker/data-root")
    assert verdict.fitness is MEANS[outcome.level], outcome
    _check_words(name, verdict, outcome)


@pytest.mark.parametrize("name", PARTS)
def test_image_metadata(name: str, tmp_path: Path) -> None:
    """The verdict on docker/image is what dockerd does with image/ there."""
    verdict, outcome = _both(name, tmp_path, "docker/image")
    assert verdict.fitness is MEANS[outcome.level], outcome
    _check_words(name, verdict, outcome)


@pytest.mark.parametrize("name", [*PARTS, "fuse-plain"])
def test_volumes(name: str, tmp_path: Path) -> None:
    """The verdict on docker/volumes is what dockerd does with volumes/ there."""
    verdict, outcome = _both(name, tmp_path, "docker/volumes")
    assert verdict.fitness is MEANS[outcome.level], outcome
    _check_words(name, verdict, outcome)


@pytest.mark.parametrize("name", ["ext4", "ramfs", "overlay", "bindfs"])
def test_layers(name: str, tmp_path: Path) -> None:
    """docker/overlay2 fits where dockerd works with overlay2/ mounted there before each start."""
    verdict, outcome = _both(name, tmp_path, "docker/overlay2")
    works = MEANS[outcome.level] is not Fitness.UNSUITABLE
    assert verdict.fitness.fits is works, outcome
    _check_words(name, verdict, outcome)
    assert verdict.fitness is not Fitness.SUITABLE  # it does not outlive a stop by itself
