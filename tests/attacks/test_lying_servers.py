"""A user's FUSE server lies to root: where a directory was made, there is a link for a moment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import fscaps
from fscaps import Outcome
from fscaps.probes._area import CONTENT
from lab.mounts import mount, mounts_below, unmount_below

from .lying_server import NOBODY

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).resolve().parents[2]
_SERVER = Path(__file__).with_name("lying_server.py")

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not os.path.exists("/dev/fuse"), reason="needs root and /dev/fuse"
)


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """A directory of root's that nobody else may look into, with two in it."""
    place = tmp_path / "precious"
    (place / "work" / "work" / "jobs").mkdir(parents=True)
    (place / "work" / "work" / "jobs" / "first").write_text("kept\n")
    (place / "upper").mkdir()
    place.chmod(0o700)
    return place


@pytest.fixture
def server(tmp_path: Path, precious: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The server, mounted as fusermount3 mounts it for a user, on the directory ``served``."""
    point = tmp_path / "served"
    point.mkdir()
    before = mounts_below(point)
    device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    nosuid_nodev = 2 | 4
    options = f"fd={device},rootmode=40000,user_id={NOBODY},group_id={NOBODY},allow_other"
    mount("liar", point, "fuse.liar", nosuid_nodev, f"{options},default_permissions")
    with subprocess.Popen(
        [sys.executable, _SERVER, str(device), precious / "upper", precious / "work"],
        pass_fds=[device],
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(_ROOT)},
    ) as process:
        os.close(device)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        try:
            yield process
        finally:
            process.kill()
            unmount_below(point, before)


def _everything(place: Path) -> list[tuple[str, int, int, int]]:
    stats = [(path, path.lstat()) for path in sorted(place.rglob("*"))]
    return [(str(path), one.st_mode, one.st_uid, one.st_mtime_ns) for path, one in stats]


def test_no_layer_is_where_a_lie_would_have_it(
    server: subprocess.Popen[bytes], tmp_path: Path, precious: Path
) -> None:
    before = _everything(precious)
    report = fscaps.survey(tmp_path / "served")
    assert _everything(precious) == before
    assert report.findings["overlay.upper"].outcome is not Outcome.YES
    server.kill()
    assert server.stdout is not None
    assert server.stdout.read().split(), "no lie was told, so none was withstood"


@pytest.mark.usefixtures("server")
def test_a_link_of_ours_is_not_followed_out_of_our_directory(
    tmp_path: Path, precious: Path
) -> None:
    """What stands there is what the probe wants to read, so that it would have been a *yes*."""
    (precious / "upper" / "file").write_bytes(CONTENT)
    found = fscaps.ask(tmp_path / "served", fscaps.probes.symlink.overlay2)
    assert (found.outcome, found.errno) == (Outcome.UNKNOWN, "EXDEV")
