"""Root asks as somebody else, who then has none of root's rights."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

import fscaps
from fscaps import Fitness, Outcome, Reason
from lab import user
from lab.filesystems import FILESYSTEMS, missing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="asking as another user needs root")

ROLE = "podman/rootless"


@pytest.fixture(autouse=True)
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A user with subordinate ids, known to this mount namespace while a test runs."""
    user.introduce(tmp_path_factory.mktemp("etc"))
    yield
    subprocess.run(["umount", "/etc"], check=True)


def _report(work: Path, *, owned: bool) -> fscaps.Report:
    lacking = missing(FILESYSTEMS["ext4"])
    if lacking:
        pytest.skip(f"ext4: {lacking}")
    with FILESYSTEMS["ext4"](work) as directory:
        if owned:
            user.give(directory)
        else:
            user.let_pass(directory)
        before = os.listdir(directory)
        report = fscaps.survey(directory, user=user.ID, roles=[ROLE])
        assert os.listdir(directory) == before, "something was left in the probed directory"
    return report


def test_a_directory_of_his_own_suits_him(tmp_path: Path) -> None:
    """It is he who asks, without a capability, and with his subordinate ids."""
    report = _report(tmp_path, owned=True)
    assert report.host is not None
    assert (report.host.euid, report.host.capabilities) == (user.ID, ())
    assert report[ROLE].fitness is Fitness.SUITABLE, report[ROLE]
    assert report.warnings == ()


def test_a_directory_of_roots_is_not_his_to_write_to(tmp_path: Path) -> None:
    """What of it is unknown somebody with more rights could; that does not help him."""
    report = _report(tmp_path, owned=False)
    found = report.findings["directory.writable"]
    assert (found.outcome, found.reason) == (Outcome.UNKNOWN, Reason.PRIVILEGE)
    assert report.findings["rootless.files"].outcome is Outcome.NO
    assert report[ROLE].fitness is Fitness.UNSUITABLE


def test_an_append_only_directory_of_roots_is_not_his_either(tmp_path: Path) -> None:
    """In which nothing is tried; what its mode says is told."""
    system = FILESYSTEMS["ext4-append-only"]
    if missing(system):
        pytest.skip(f"ext4-append-only: {missing(system)}")
    user.let_pass(tmp_path)
    with system(tmp_path) as directory:
        tmp_path.chmod(0o711)
        his = fscaps.survey(directory, user=user.ID, roles=[ROLE])
        roots = fscaps.survey(directory, roles=["docker/image"])
    assert his.findings["rootless.files"].outcome is Outcome.NO
    assert his[ROLE].fitness is Fitness.UNSUITABLE
    assert roots["docker/image"].fitness is Fitness.UNDETERMINED


def test_what_is_his_already_is_given_to_nobody(tmp_path: Path) -> None:
    """He may "give" a link to himself, which tells nothing of giving it away."""
    user.give(tmp_path)
    found = fscaps.survey(tmp_path, user=user.ID, only=["symlink.owner"]).findings["symlink.owner"]
    assert (found.outcome, found.reason) == (Outcome.UNKNOWN, Reason.PRIVILEGE)


def test_nodev_is_told_to_who_can_make_no_device(tmp_path: Path) -> None:
    """The mount tells it."""
    system = FILESYSTEMS["ext4-nodev"]
    if missing(system):
        pytest.skip(f"ext4-nodev: {missing(system)}")
    with system(tmp_path) as directory:
        user.give(directory)
        report = fscaps.survey(directory, user=user.ID, only=["node.device_open"])
    assert report.findings["node.device"].reason is Reason.PRIVILEGE
    found = report.findings["node.device_open"]
    assert (found.outcome, found.errno) == (Outcome.NO, "EACCES")


def test_a_path_that_he_cannot_reach_cannot_be_asked(tmp_path: Path) -> None:
    """As if he had asked himself."""
    (tmp_path / "closed").mkdir(mode=0o700)
    (tmp_path / "closed/open").mkdir()
    user.give(tmp_path / "closed/open")
    (tmp_path / "closed").chmod(0o700)
    with pytest.raises(fscaps.TargetError, match="Permission denied"):
        fscaps.survey(tmp_path / "closed/open", user="lab")


def test_somebody_who_does_not_exist() -> None:
    """By name and by number."""
    for nobody in ("no-such-user", 4711, "²", "٣"):
        with pytest.raises(ValueError, match=f"no user {nobody}"):
            fscaps.survey("/", user=nobody)


def test_who_is_not_root_can_ask_as_himself_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """The effective uid is replaced, because the tests run as root."""
    monkeypatch.setattr(os, "geteuid", lambda: user.ID)
    with pytest.raises(ValueError, match="only root can ask as root"):
        fscaps.survey("/", user="root")


@pytest.mark.parametrize(
    ("mode", "outcome"), [(0o666, Outcome.YES), (0o660, Outcome.UNKNOWN), (0o600, Outcome.NO)]
)
def test_dev_fuse_may_be_open_to_a_group(tmp_path: Path, mode: int, outcome: Outcome) -> None:
    """Who is in it is not known of a user on whose behalf root asks."""
    user.open_fuse(tmp_path)
    try:
        os.chmod("/dev/fuse", mode)
        found = fscaps.survey(tmp_path, only=["rootless.fuse"]).findings["rootless.fuse"]
    finally:
        subprocess.run(["umount", "/dev/fuse"], check=True)
    assert found.outcome is outcome, found
