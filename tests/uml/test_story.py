"""The seed's story, retold with a real dockerd (20.10.24) and a real NFS 4.2 in a second kernel.

In each chapter fscaps is asked first, and then dockerd does what fscaps said it would do. The
story's third error line is not NFS's doing; tests/engines has it on a local disk.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from uml import machine

import fscaps

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).resolve().parent
SRC = Path(fscaps.__file__).parents[1]
SECONDS = 400

pytestmark = [
    pytest.mark.skipif(not machine.available(), reason="no User-Mode Linux here"),
    pytest.mark.timeout(SECONDS + 60),
]

_SCRIPT = """
fs_{fs} /mnt/asked
PYTHONPATH={src} {python} -m fscaps --json --timeout 20 --deadline 120 \
    -o "$RESULTS/report.json" /mnt/asked
. {story} {place} {fs} -s overlay2
"""


class Chapter(NamedTuple):
    """What fscaps said of the file system, and what dockerd then did with it."""

    report: fscaps.Report
    outcome: dict[str, str]
    log: str
    dmesg: str


@pytest.fixture
def chapter(tmp_path: Path) -> Callable[[str, str], Chapter]:
    """Ask fscaps about a file system, then put that part of Docker's storage on it."""

    def tell(place: str, fs: str) -> Chapter:
        script = _SCRIPT.format(
            fs=fs, src=SRC, python=sys.executable, story=HERE / "story.sh", place=place
        )
        done = machine.run(script, results=tmp_path, seconds=SECONDS)
        assert not done.timed_out, done.log
        lines = (tmp_path / "outcome").read_text().splitlines()
        return Chapter(
            report=fscaps.load((tmp_path / "report.json").read_text()),
            outcome=dict(line.partition("=")[::2] for line in lines),
            log=(tmp_path / "dockerd.log").read_text(),
            dmesg=done.dmesg,
        )

    return tell


def _predicted(report: fscaps.Report, role: str) -> list[str]:
    """The lines that fscaps says the engine will print for the want of an overlay."""
    (need,) = [n for n in report[role].blockers if n.any_of == ("overlay.upper",)]
    return need.says.splitlines()


def test_1_the_whole_data_root_on_nfs(chapter: Callable[[str, str], Chapter]) -> None:
    """Fscaps says no, dockerd does not start, and its words are those that fscaps gave."""
    told = chapter("data-root", "nfs4")
    assert not told.report["docker/data-root"].fitness.fits
    assert told.outcome["start"].startswith("failed")
    for line in _predicted(told.report, "docker/data-root")[:2]:
        assert line in told.log
    assert "upper fs missing required features" in told.dmesg


def test_2_only_image_metadata_on_nfs(chapter: Callable[[str, str], Chapter]) -> None:
    """Fscaps says yes, and an image is loaded, run, and run again after a restart."""
    told = chapter("image", "nfs4")
    assert told.report["docker/image"].fitness.fits
    steps = ("start", "load", "run", "start_again", "run_again")
    assert [told.outcome.get(step) for step in steps] == ["ok"] * len(steps)
    assert told.outcome["driver"] == "overlay2"


def test_3_only_the_layers_on_nfs(chapter: Callable[[str, str], Chapter]) -> None:
    """Fscaps says no, and dockerd refuses to start: as for the whole, not with the story's line."""
    told = chapter("overlay2", "nfs4")
    assert not told.report["docker/overlay2"].fitness.fits
    assert told.outcome["start"].startswith("failed")
    for line in _predicted(told.report, "docker/overlay2")[:2]:
        assert line in told.log
    assert "overlay2/l/" not in told.log


def test_4_named_volumes_on_nfs(chapter: Callable[[str, str], Chapter]) -> None:
    """What the story did not try: volumes work there, copy-up with its owners included."""
    told = chapter("volumes", "nfs4")
    assert told.report["docker/volumes"].fitness.fits
    steps = ("start", "named_volume", "named_volume_again", "declared_volume", "run_again")
    assert [told.outcome.get(step) for step in steps] == ["ok"] * len(steps)


def test_5_named_volumes_on_a_squashing_server(chapter: Callable[[str, str], Chapter]) -> None:
    """Fscaps says no because root owns nothing there, and dockerd does not start."""
    told = chapter("volumes", "nfs4_root_squash")
    assert not told.report["docker/volumes"].fitness.fits
    assert told.outcome["start"].startswith("failed")
    assert "operation not permitted" in told.outcome["start"]
