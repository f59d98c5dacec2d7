"""Surveys in User-Mode Linux, on file systems that the host kernel lacks: NFS, CIFS, 9p.

One boot mounts them all and surveys each. What is expected was measured with dockerd 20.10.24 on
the same file systems in the same machine (lab/results).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pytest
from answers import SECOND_KERNEL, Row, rows
from uml.lacking import skip_if_missing

import fscaps
from fscaps import Fitness, Outcome
from lab.uml import machine

HERE = Path(__file__).resolve().parent
SECONDS = 600
METACOPY = "ext4-metacopy"
"""An ext4 over which overlay copies up metadata alone, unless it is told otherwise."""
_SWITCHED = """
modprobe overlay
echo Y >/sys/module/overlay/parameters/redirect_dir
echo Y >/sys/module/overlay/parameters/metacopy
"""
IMAGE_FILES = ("docker/loop-data-root", "podman/loop-image-store")

pytestmark = [
    pytest.mark.skipif(not machine.available(), reason="no User-Mode Linux here"),
    pytest.mark.timeout(SECONDS + 60),
]


class Expected(NamedTuple):
    """Whether a whole data-root, volumes and image metadata fit, and what blocks the first."""

    data_root: bool
    volumes: bool
    image: bool
    blocked_by: tuple[str, ...] = ()


EXPECTED = {
    "ext4": Expected(True, True, True),
    "f2fs": Expected(True, True, True),
    "xfs-pquota": Expected(True, True, True),
    "ext4-project-quota": Expected(True, True, True),
    "ext4-no-filetype": Expected(False, True, True, ("directory.d_type",)),
    "xfs-no-ftype": Expected(False, True, True, ("directory.d_type",)),
    "nfs3": Expected(False, True, True, ("overlay.upper",)),
    "nfs4": Expected(False, True, True, ("overlay.upper",)),
    "nfs4-root-squash": Expected(False, False, True, ("overlay.upper", "owner.chown")),
    "nfs4-all-squash": Expected(False, False, True, ("overlay.upper", "owner.chown")),
    "cifs": Expected(False, False, True, ("overlay.upper", "owner.chown")),
    "plan9p": Expected(False, False, True, ("overlay.upper", "mmap.shown")),
    "vfat": Expected(False, False, True, ("overlay.upper", "owner.chown", "symlink.target")),
    "xfs-over-quota": Expected(False, False, False, ("directory.writable",)),
    # root may exceed its quota, but an overlay writes without CAP_SYS_RESOURCE
    "ext4-over-quota": Expected(False, True, True, ("overlay.copy_up",)),
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reports of one boot, one file for each file system."""
    place = tmp_path_factory.mktemp("uml")
    script = "".join(machine.inside(HERE / "inside.py", place, name) for name in EXPECTED)
    other = place / "other"
    other.mkdir()
    script += _SWITCHED + machine.inside(HERE / "inside.py", other, "ext4")
    done = machine.run(script, results=place, seconds=SECONDS)
    assert not done.timed_out, done.log
    (other / "ext4.json").rename(place / f"{METACOPY}.json")
    (place / "log").write_text(done.log)
    return place


@pytest.fixture
def report(results: Path, request: pytest.FixtureRequest) -> fscaps.Report:
    """The report on the file system that the test names."""
    skip_if_missing(results, request.param)
    path = results / f"{request.param}.json"
    assert path.exists(), (results / "log").read_text()
    return fscaps.load(path.read_text())


@pytest.mark.parametrize("report", list(EXPECTED), indirect=True)
def test_verdicts_are_what_dockerd_does(
    report: fscaps.Report, request: pytest.FixtureRequest
) -> None:
    """Each role fits where dockerd was seen to work, and nowhere else."""
    expected = EXPECTED[request.node.callspec.params["report"]]
    assert report["docker/data-root"].fitness.fits is expected.data_root, report.summary
    assert report["docker/volumes"].fitness.fits is expected.volumes
    assert report["docker/image"].fitness.fits is expected.image
    blocking = {probe for need in report["docker/data-root"].blockers for probe in need.any_of}
    assert set(expected.blocked_by) <= blocking
    open_roles = [v.id for v in report.verdicts.values() if v.fitness is Fitness.UNDETERMINED]
    assert not open_roles


@pytest.mark.parametrize("report", list(EXPECTED), indirect=True)
def test_an_image_file_fits_where_losetup_and_mount_succeed(
    report: fscaps.Report, results: Path, request: pytest.FixtureRequest
) -> None:
    """The distribution's own tools, on the same directory, are the measure."""
    name = request.node.callspec.params["report"]
    told = [report[role].fitness.fits for role in IMAGE_FILES]
    assert told == json.loads((results / f"{name}.holds").read_text())


@pytest.mark.parametrize("report", ["vfat"], indirect=True)
def test_an_image_file_on_vfat_stays_below_4_gib(report: fscaps.Report) -> None:
    """A data-root in a file fits, with that loss."""
    assert report.findings["space.large"].outcome is Outcome.NO
    assert report["docker/loop-data-root"].fitness is Fitness.DEGRADED


@pytest.mark.parametrize("name", list(EXPECTED))
def test_nothing_is_left_on_the_server(results: Path, name: str) -> None:
    """The probed directory holds what it held before: lost+found, or what filled a quota."""
    skip_if_missing(results, name)
    left = (results / f"{name}.left").read_text().split()
    assert set(left) <= {"lost+found", "filler"}


@pytest.mark.parametrize("report", ["nfs3", "nfs4", "cifs", "plan9p"], indirect=True)
def test_no_mount_is_tried_where_a_question_decides(report: fscaps.Report) -> None:
    """A refused overlay can leave an undeletable work directory on a server: so none was tried."""
    found = report.findings["overlay.upper"]
    assert found.outcome is Outcome.NO
    assert found.detail.startswith("not mounted")


@pytest.mark.parametrize("name", ["cifs", "plan9p"])
def test_no_overlay_mount_is_tried_where_a_refused_one_does_harm(results: Path, name: str) -> None:
    """What overlayfs says in dmesg of any upper that lacks something is not there."""
    skip_if_missing(results, name)
    assert "overlayfs: upper" not in (results / f"{name}.dmesg").read_text()


@pytest.mark.parametrize("report", ["nfs4-root-squash", "nfs4-all-squash"], indirect=True)
def test_squashing_is_seen(report: fscaps.Report) -> None:
    """Root's file belongs to nobody, and the report says to whom."""
    found = report.findings["owner.created"]
    assert found.outcome is Outcome.NO
    assert found.value == "65534:65534"


@pytest.mark.parametrize("report", ["nfs4"], indirect=True)
def test_the_kernel_and_the_mount_are_named(report: fscaps.Report) -> None:
    """The report tells the second kernel, and NFS by its type, version and server."""
    assert report.host is not None
    assert report.host.kernel != Path("/proc/sys/kernel/osrelease").read_text().strip()
    assert report.mount is not None
    assert report.mount.type == "nfs4"
    assert "vers=4.2" in (*report.mount.options, *report.mount.super_options)


@pytest.mark.parametrize(
    ("report", "row"),
    [
        pytest.param(row.filesystem, row, id=f"{row.filesystem}-{row.probe}")
        for row in rows(SECOND_KERNEL)
    ],
    indirect=["report"],
)
def test_a_probe_says_what_the_file_system_is(report: fscaps.Report, row: Row) -> None:
    found = report.findings[row.probe]
    assert found.outcome is row.outcome, found
    if row.errno:
        assert found.errno == row.errno, found


@pytest.mark.parametrize("name", list(EXPECTED))
def test_the_json_is_one_object_a_file(results: Path, name: str) -> None:
    """What -o wrote can be read by any JSON reader."""
    skip_if_missing(results, name)
    assert json.loads((results / f"{name}.json").read_text())["schema"] == 1
