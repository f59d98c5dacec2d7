"""A server that has read a request and never answers: the caller is beyond SIGKILL, we are not."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

import fscaps
from fscaps import Fitness, Outcome, Reason
from lab.filesystems import FILESYSTEMS, missing
from lab.mounts import MNT_DETACH, mount, unmount
from lab.silent_fuse import memory_fuse, silent_fuse

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root"),
    pytest.mark.skipif(not os.path.exists("/dev/fuse"), reason="no /dev/fuse"),
    pytest.mark.timeout(60),
]


@pytest.fixture
def point(tmp_path: Path) -> Path:
    """A mount point."""
    mount_point = tmp_path / "mnt"
    mount_point.mkdir()
    return mount_point


@pytest.fixture(autouse=True)
def reaped() -> Iterator[None]:
    """Wait for the workers that were left behind, which end when their server does."""
    others = set(psutil.Process().children())
    yield
    for child in set(psutil.Process().children()) - others:
        child.wait(10)


def survey(point: Path) -> fscaps.Report:
    """A survey in a hurry."""
    return fscaps.survey(point, timeout=1, deadline=3)


@pytest.mark.parametrize(
    "request_name", ["STATFS", "MKDIR", "CREATE", "WRITE", "FSYNC", "SETXATTR"]
)
def test_a_server_silent_from_some_request_on(point: Path, request_name: str) -> None:
    """The report comes, tells what was found before, what hung, and who was left behind."""
    with memory_fuse(point, silent_at=request_name):
        report = survey(point)
        outcomes = {found.reason for found in report.findings.values()}
        assert Reason.UNRESPONSIVE in outcomes
        assert Reason.TIMEOUT in outcomes
        assert not report["docker/data-root"].fitness.fits
        (left,) = [text for text in report.warnings if "cannot be killed" in text]
        assert "request_wait_answer" in left
        # no second process was started on that path to clean up after the first
        children = psutil.Process().children()
        waiting = [child for child in children if child.status() == psutil.STATUS_DISK_SLEEP]
        assert [str(child.pid) for child in waiting] == [left.split()[1]]


def test_what_was_found_before_the_hang_is_kept(point: Path) -> None:
    """Probes answered before the silence keep their answers."""
    with memory_fuse(point, silent_at="SETXATTR"):
        report = survey(point)
    assert report.findings["directory.d_type"].outcome is Outcome.YES
    assert report.mount is not None
    assert report.mount.point == str(point)


def test_a_server_silent_from_the_start(point: Path) -> None:
    """Nothing can be learned but where the path lies; nothing is claimed."""
    with silent_fuse(point):
        report = survey(point)
    assert {found.outcome for found in report.findings.values()} == {Outcome.UNKNOWN}
    assert {verdict.fitness for verdict in report.verdicts.values()} == {Fitness.UNDETERMINED}
    assert report.mount is not None
    assert report.mount.type.startswith("fuse")


def test_a_stopped_server(point: Path) -> None:
    """Requests that nobody has read leave the worker killable, and nobody behind."""
    with memory_fuse(point) as server:
        server.stop()
        report = survey(point)
        server.go_on()
    assert report["docker/image"].fitness is Fitness.UNDETERMINED
    assert not [text for text in report.warnings if "cannot be killed" in text]


def test_the_callers_pipe_is_closed(point: Path) -> None:
    """Whoever reads the command's output sees its end, although a worker is left behind."""
    command = [sys.executable, "-m", "fscaps", "--timeout", "1", "--json", str(point)]
    with memory_fuse(point, silent_at="MKDIR"):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert fscaps.load(done.stdout).warnings
    assert done.stderr == ""


def test_a_terminal_is_told_what_is_waited_for(point: Path) -> None:
    """A server is silent: a line on standard error names the question, and goes in the end."""
    shown, said = _on_a_terminal(point, "SYMLINK", "--json")
    (asked,) = [
        name for name, found in fscaps.load(said).findings.items() if found.reason is Reason.TIMEOUT
    ]
    assert f"\r\x1b[K… {asked} (" in shown
    assert shown.endswith("\r\x1b[K")


def test_so_is_who_wants_an_explanation(point: Path) -> None:
    """Of a path that nothing is asked of yet."""
    shown, said = _on_a_terminal(point, "MKDIR", "--explain", "driver not supported")
    assert said
    assert "\r\x1b[K… waiting for an answer (" in shown
    assert shown.endswith("\r\x1b[K")


def test_nobody_else_is(point: Path) -> None:
    """Neither a quiet terminal nor a pipe."""
    assert _on_a_terminal(point, "SYMLINK", "-q")[0] == ""
    command = [sys.executable, "-m", "fscaps", "--timeout", "2", str(point)]
    with memory_fuse(point, silent_at="SYMLINK"):
        done = subprocess.run(command, capture_output=True, check=False)
    assert done.stderr == b""


def _on_a_terminal(point: Path, silent_at: str, *options: str) -> tuple[str, bytes]:
    """What is shown on a terminal's standard error, and what is said on standard output."""
    main, terminal = pty.openpty()
    command = [sys.executable, "-m", "fscaps", "--timeout", "2", *options, str(point)]
    with memory_fuse(point, silent_at=silent_at):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=terminal, check=False)
    os.close(terminal)
    return _all_of(main), done.stdout


def _all_of(terminal: int) -> str:
    """What was written to a terminal whose other end is closed: Linux ends it with EIO."""
    shown = b""
    try:
        with suppress(OSError):
            while block := os.read(terminal, 4096):
                shown += block
    finally:
        os.close(terminal)
    return shown.decode()


def test_a_dead_mount_elsewhere_does_not_matter(point: Path, tmp_path: Path) -> None:
    """Only the path in question is touched, not every mount of the host."""
    with silent_fuse(point):
        report = fscaps.survey(tmp_path, roles=["docker/image"])
    assert report["docker/image"].fitness is Fitness.SUITABLE


def test_a_slow_lock_server_costs_the_locks_alone(point: Path) -> None:
    """A lock call that never returns is given up in its helper; what comes after is asked."""
    with memory_fuse(point, silent_at="SETLK", only=True):
        report = fscaps.survey(point, timeout=2, deadline=20)
    for probe in ("lock.flock", "lock.posix", "lock.ofd"):
        assert report.findings[probe].outcome is not Outcome.YES
    for probe in ("mmap.coherent", "rename.replace"):  # which take another process, too
        assert report.findings[probe].outcome is Outcome.YES, probe
    assert report.findings["xattr.user"].reason is not Reason.UNRESPONSIVE


def test_a_dead_part_of_a_store_costs_the_store_alone(tmp_path: Path) -> None:
    """A data-root on a local disk, of which one directory is a mount that never answers."""
    for name in ("containers", "image", "network", "volumes"):
        (tmp_path / name).mkdir()
    with silent_fuse(tmp_path / "volumes"):
        report = survey(tmp_path)
    assert Reason.TIMEOUT not in {found.reason for found in report.findings.values()}
    assert report.findings["symlink.target"].outcome is Outcome.YES
    assert report.store is None
    assert "an engine's store was not looked at to the end (timeout)" in report.warnings
    assert not any("scratch" in warning for warning in report.warnings)
    assert sorted(os.listdir(tmp_path)) == ["containers", "image", "network", "volumes"]


@pytest.fixture
def looked_at(tmp_path: Path) -> Path:
    """A directory in which nothing may be made, so that what is there already is looked at."""
    (tmp_path / "file").touch()
    (tmp_path / "mounted").mkdir()
    return tmp_path


def _is_looked_at(directory: Path) -> None:
    report = fscaps.survey(directory, write=False, timeout=1, deadline=3)
    assert report.warnings == ()
    assert Reason.TIMEOUT not in {found.reason for found in report.findings.values()}
    assert report.findings["directory.d_type"].detail == "file"
    assert report.findings["directory.inode"].outcome is Outcome.YES


def test_a_dead_mount_below_is_not_looked_at(looked_at: Path) -> None:
    """It is an entry of the directory, and whoever asks for its status waits for ever."""
    with silent_fuse(looked_at / "mounted"):
        _is_looked_at(looked_at)


def test_an_automount_below_that_never_comes_is_not_looked_at(looked_at: Path) -> None:
    """While somebody waits for it, everybody waits who asks for its status."""
    if "\tautofs\n" not in Path("/proc/filesystems").read_text(encoding="ascii"):
        pytest.skip("no autofs in this kernel")
    trap = looked_at / "mounted"
    requests, kernel = os.pipe()
    with subprocess.Popen(["sleep", "infinity"], start_new_session=True) as daemon:
        options = f"fd={kernel},pgrp={daemon.pid},minproto=5,maxproto=5,direct"
        mount("autofs", trap, "autofs", 0, options)
        os.close(kernel)
        waiting = subprocess.Popen(["ls", "-f", f"{trap}/"], stdout=subprocess.DEVNULL)
        try:
            os.read(requests, 4096)  # the kernel asks for the mount
            _is_looked_at(looked_at)
        finally:
            waiting.kill()
            waiting.wait()
            os.close(requests)
            unmount(trap, MNT_DETACH)
            daemon.kill()


def test_what_is_mounted_below_has_other_inode_numbers(looked_at: Path) -> None:
    """The listing tells of the directory that is mounted upon, and stat of what is mounted."""
    mount("none", looked_at / "mounted", "tmpfs")
    try:
        _is_looked_at(looked_at)
    finally:
        unmount(looked_at / "mounted")


def test_a_subvolume_below_has_another_inode_number(tmp_path: Path) -> None:
    """It is 256, and another in the listing: no mount, but another device."""
    if missing(FILESYSTEMS["btrfs"]):
        pytest.skip(f"btrfs: {missing(FILESYSTEMS['btrfs'])}")
    with FILESYSTEMS["btrfs"](tmp_path) as directory:
        (directory / "file").touch()
        subprocess.run(["btrfs", "subvolume", "create", directory / "volume"], check=True)
        _is_looked_at(directory)


def test_an_automounters_own_directory_is_not_looked_at(tmp_path: Path) -> None:
    """Its entries are mounted when they are wanted; whoever asks for one waits for its daemon."""
    if "\tautofs\n" not in Path("/proc/filesystems").read_text(encoding="ascii"):
        pytest.skip("no autofs in this kernel")
    requests, kernel = os.pipe()
    options = f"fd={kernel},pgrp={os.getpgrp()},minproto=5,maxproto=5,indirect"
    mount("autofs", tmp_path, "autofs", 0, options)
    os.close(kernel)
    try:
        (tmp_path / "key").mkdir()  # as the daemon, which we are for the kernel
        with subprocess.Popen(
            ["ls", "-f", tmp_path / "key"], start_new_session=True, stderr=subprocess.DEVNULL
        ) as waiting:
            os.read(requests, 4096)  # the kernel asks for the mount
            report = fscaps.survey(tmp_path, write=False, timeout=1, deadline=3)
            waiting.kill()
    finally:
        os.close(requests)
        unmount(tmp_path, MNT_DETACH)
    assert not any("cannot be killed" in warning for warning in report.warnings)
    assert Reason.TIMEOUT not in {found.reason for found in report.findings.values()}
