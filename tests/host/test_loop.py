"""A file system in a file: fscaps' answer beside what losetup, mkfs and mount do, and no trace.

The truth is made here, by the distribution's tools on the same directory; nothing is mocked.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from host.test_verdicts import EXPECTED

import fscaps
from fscaps import Fitness, Outcome, Reason
from fscaps.probes import _images
from lab.filesystems import FILESYSTEMS, missing
from lab.image_file import holds_erofs, holds_ext4
from lab.silent_fuse import memory_fuse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fscaps import Finding

DATA_ROOT, STORE = "docker/loop-data-root", "podman/loop-image-store"
SRC = Path(fscaps.__file__).parents[1]
NEEDED = ("losetup", "mkfs.ext4", "fsck.ext4", "mkfs.erofs")
LACKING = next((name for name in NEEDED if shutil.which(name) is None), None)

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="loop devices take root"),
    pytest.mark.skipif(LACKING is not None, reason=f"no {LACKING}"),
]


def _runs(*command: str | Path) -> bool:
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """For what the tools make; EROFS's driver is loaded here, since fscaps loads none."""
    lacking = missing(FILESYSTEMS["erofs"])
    if lacking:
        pytest.skip(f"erofs: {lacking}")
    made = tmp_path / "scratch"
    made.mkdir()
    return made


@pytest.fixture
def no_trace(tmp_path: Path) -> Iterator[None]:
    """Fail if a loop device still holds a file of a scratch directory of the test's."""
    yield
    assert _held(tmp_path) == []


def _held(below: Path) -> list[str]:
    """What loop devices hold there; elsewhere others may be asking as well."""
    files = []
    for path in Path("/sys/block").glob("loop*/loop/backing_file"):
        with suppress(FileNotFoundError):  # freed meanwhile
            files.append(path.read_text().strip())
    return [file for file in files if file.startswith(f"{below}/") and "/.fscaps-" in file]


# Of these fscaps cannot know: it makes nothing where it could not remove it, and EIO is no answer.
UNTOLD = {"fuse-dead", "ext4-shut-down", "ext4-append-only"}
NAMES = sorted(set(EXPECTED) - UNTOLD)


@pytest.mark.usefixtures("no_trace")
@pytest.mark.parametrize("name", NAMES)
def test_the_answer_is_what_losetup_and_mount_do(name: str, tmp_path: Path, scratch: Path) -> None:
    """Both arrangements fit exactly where the distribution's own tools succeed."""
    lacking = missing(FILESYSTEMS[name])
    if lacking:
        pytest.skip(f"{name}: {lacking}")
    work = tmp_path / "work"
    work.mkdir()
    with FILESYSTEMS[name](work) as directory:
        report = fscaps.survey(directory, roles=[DATA_ROOT, STORE])
        assert report[DATA_ROOT].fitness.fits is holds_ext4(directory, scratch), report.findings
        assert report[STORE].fitness.fits is holds_erofs(directory, scratch)


@pytest.mark.parametrize("make", [_images.ext4, _images.erofs], ids=["ext4", "erofs"])
def test_the_tiny_images_are_what_fsck_calls_clean(make: object, tmp_path: Path) -> None:
    """Made by hand, and found without fault by the formats' own programs."""
    image = tmp_path / "image"
    assert callable(make)
    image.write_bytes(make())
    check = ["fsck.ext4", "-fn"] if make is _images.ext4 else ["fsck.erofs"]
    assert _runs(*check, image)


def test_what_cannot_make_a_file_longer_is_refused(tmp_path: Path) -> None:
    """A FUSE server that refuses to set a size: no image file, and the errno says why."""
    with memory_fuse(tmp_path, refuse={"SETATTR": errno.EPERM}):
        report = fscaps.survey(tmp_path, roles=[DATA_ROOT])
    assert report.findings["space.extend"].outcome is Outcome.NO
    assert report.findings["loop.device"].outcome is Outcome.NO
    assert report[DATA_ROOT].fitness is Fitness.UNSUITABLE
    assert "EPERM" in report.summary


@pytest.mark.parametrize(("user", "trusted"), [(0, True), (1000, False)])
def test_no_image_is_mounted_that_an_ordinary_user_serves(
    tmp_path: Path,
    user: int,
    trusted: bool,  # noqa: FBT001 - an example's
) -> None:
    """He could change it under the kernel, which trusts what a device holds."""
    with memory_fuse(tmp_path, user=user):
        found = fscaps.survey(tmp_path, only=["loop.*", "space.extend"]).findings
    assert (found["loop.device"].reason is not Reason.UNSAFE) is trusted
    assert (found["loop.erofs"].reason is not Reason.UNSAFE) is trusted


@pytest.mark.skipif(shutil.which("rclone") is None, reason="no rclone")
@pytest.mark.parametrize(("cache", "fits"), [("off", False), ("full", True)])
def test_rclone_needs_its_cache_for_the_one_and_not_for_the_other(
    cache: str,
    fits: bool,  # noqa: FBT001 - an example's
    tmp_path: Path,
    scratch: Path,
) -> None:
    """It keeps whole files only: enough to be read from, too little to be written within."""
    for name in ("store", "mounted", "cache"):
        (tmp_path / name).mkdir()
    mounted = tmp_path / "mounted"
    command = ("rclone", "mount", "--config", "/dev/null", "--vfs-cache-mode", cache)
    where = ("--cache-dir", tmp_path / "cache", f":local:{tmp_path / 'store'}", mounted)
    assert _runs(*command, "--daemon", *where)
    try:
        report = fscaps.survey(mounted, roles=[DATA_ROOT, STORE], timeout=20)
        assert report[DATA_ROOT].fitness.fits is fits is holds_ext4(mounted, scratch)
        assert report[STORE].fitness.fits
        assert holds_erofs(mounted, scratch)
    finally:
        assert _runs("umount", mounted)


@pytest.mark.usefixtures("no_trace")
def test_a_server_that_stops_answering_costs_the_time_out(tmp_path: Path) -> None:
    """The device's probe ends as unknown, in time; when the server goes on, the device is freed."""
    with memory_fuse(tmp_path) as server:

        def stop(found: Finding) -> None:
            if found.probe == "durability.fsync":
                server.stop()

        report = fscaps.survey(tmp_path, roles=[DATA_ROOT], timeout=2, on_finding=stop)
        server.go_on()
        found = report.findings["loop.device"]
        assert (found.outcome, found.reason) == (Outcome.UNKNOWN, Reason.TIMEOUT)
        _until(lambda: not _held(tmp_path))


_ATTACH = """
import os, sys, time
from fscaps._linux import loop
device = loop.attach(os.open(sys.argv[1], os.O_RDWR))
print(device.path, flush=True)
time.sleep(60)
"""


def test_a_killed_process_leaves_no_device(tmp_path: Path) -> None:
    """The kernel frees the device with the last descriptor, whatever ended the process."""
    image = tmp_path / "image"
    image.write_bytes(_images.ext4())
    process = subprocess.Popen(
        [sys.executable, "-c", _ATTACH, image],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SRC)},
    )
    with process:
        assert process.stdout is not None
        device = process.stdout.readline().strip()
        assert re.fullmatch("/dev/loop[0-9]+", device)
        backing = Path("/sys/block") / device[5:] / "loop/backing_file"
        assert backing.read_text().strip() == str(image)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    _until(lambda: not backing.exists() or backing.read_text().strip() != str(image))


def test_without_privilege_nothing_is_asked(tmp_path: Path) -> None:
    """Root without CAP_SYS_ADMIN gets unknown, for want of privilege."""
    bounded = ("setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin", sys.executable)
    done = subprocess.run(
        (*bounded, "-m", "fscaps", "--json", "--for", DATA_ROOT, str(tmp_path)),
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SRC)},
    )
    assert done.stdout, done.stderr
    report = fscaps.load(done.stdout)
    found = report.findings["loop.device"]
    assert (found.outcome, found.reason) == (Outcome.UNKNOWN, Reason.PRIVILEGE)
    assert report[DATA_ROOT].fitness is Fitness.UNDETERMINED


def test_no_mount_wanted_means_no_device_either(tmp_path: Path) -> None:
    """--mount never."""
    report = fscaps.survey(tmp_path, roles=[DATA_ROOT], mount="never")
    for probe in ("loop.device", "loop.ext4", "loop.overlay"):
        assert report.findings[probe].reason is Reason.SKIPPED


def _until(true: object, seconds: float = 10.0) -> None:
    assert callable(true)
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.01)
