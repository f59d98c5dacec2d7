"""The seed's story, retold with a real dockerd (20.10.24) and a real NFS 4.2 in a second kernel.

In each chapter fscaps is asked first, and then dockerd does what fscaps said it would do. The
story's third error line is not NFS's doing; tests/engines has it on a local disk.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from uml.lacking import skip_if_missing

import fscaps
from fscaps import Fitness
from lab.uml import machine

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).resolve().parent
SECONDS = 600

pytestmark = [
    pytest.mark.skipif(not machine.available(), reason="no User-Mode Linux here"),
    pytest.mark.timeout(SECONDS + 60),
]


class Chapter(NamedTuple):
    """What fscaps said of the file system, and what dockerd then did with it."""

    report: fscaps.Report
    outcome: dict[str, Any]
    dmesg: str

    @property
    def said(self) -> str:
        """All that dockerd and its client said."""
        return "\n".join((self.outcome["words"], *self.outcome["complaints"]))


@pytest.fixture
def chapter(tmp_path: Path) -> Callable[[str, str], Chapter]:
    """Ask fscaps about a file system, then put that part of Docker's storage on it."""

    def tell(role: str, fs: str) -> Chapter:
        script = machine.inside(HERE / "inside.py", tmp_path, fs, role)
        done = machine.run(script, results=tmp_path, seconds=SECONDS)
        assert done.status == 0, done.log
        skip_if_missing(tmp_path, fs)
        return Chapter(
            report=fscaps.load((tmp_path / f"{fs}.json").read_text()),
            outcome=json.loads((tmp_path / "outcome.json").read_text()),
            dmesg=done.dmesg,
        )

    return tell


def _predicted(report: fscaps.Report, role: str) -> list[str]:
    """The lines that fscaps says the engine will print for the want of an overlay."""
    (need,) = [n for n in report[role].blockers if n.any_of == ("overlay.upper",)]
    return need.says.splitlines()


def test_1_the_whole_data_root_on_nfs(chapter: Callable[[str, str], Chapter]) -> None:
    """Fscaps says no, dockerd does not start, and its words are those that fscaps gave."""
    told = chapter("docker/data-root", "nfs4")
    assert not told.report["docker/data-root"].fitness.fits
    assert (told.outcome["level"], told.outcome["step"]) == ("no", "start")
    for line in _predicted(told.report, "docker/data-root")[:2]:
        assert line in told.said
    assert "upper fs missing required features" in told.dmesg


def test_2_only_image_metadata_on_nfs(chapter: Callable[[str, str], Chapter]) -> None:
    """Fscaps says yes, and an image is loaded, run, and run again after a restart."""
    told = chapter("docker/image", "nfs4")
    assert told.report["docker/image"].fitness is Fitness.SUITABLE
    assert told.outcome["level"] == "yes"
    assert told.outcome["driver"] == "overlay2"


def test_3_only_the_layers_on_nfs(chapter: Callable[[str, str], Chapter]) -> None:
    """Fscaps says no, and dockerd refuses to start: as for the whole, not with the story's line."""
    told = chapter("docker/overlay2", "nfs4")
    assert not told.report["docker/overlay2"].fitness.fits
    assert (told.outcome["level"], told.outcome["step"]) == ("no", "start")
    for line in _predicted(told.report, "docker/overlay2")[:2]:
        assert line in told.said
    assert "overlay2/l/" not in told.said


def test_4_named_volumes_on_nfs(chapter: Callable[[str, str], Chapter]) -> None:
    """What the story did not try: volumes work there, but for what is deleted while open."""
    told = chapter("docker/volumes", "nfs4")
    assert told.report["docker/volumes"].fitness is Fitness.DEGRADED
    assert told.outcome["level"] == "loses"
    assert all("with an open file" in loss for loss in told.outcome["losses"])


def test_5_named_volumes_on_a_squashing_server(chapter: Callable[[str, str], Chapter]) -> None:
    """Fscaps says no because root owns nothing there, and dockerd does not start."""
    told = chapter("docker/volumes", "nfs4-root-squash")
    assert not told.report["docker/volumes"].fitness.fits
    assert (told.outcome["level"], told.outcome["step"]) == ("no", "start")
    assert "operation not permitted" in told.said
