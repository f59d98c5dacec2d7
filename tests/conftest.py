"""What every test shares: a mount namespace of our own, and skips that are counted by name."""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING

import pytest

from lab import user

if TYPE_CHECKING:
    from collections.abc import Generator

_CLONE_NEWNS = 0x00020000
_MS_REC, _MS_SLAVE = 0x4000, 1 << 19


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --forbid-skips, with which CI turns each skip into a failure."""
    parser.addoption("--forbid-skips", action="store_true", help="fail where a test would skip")


@pytest.fixture(autouse=True, scope="session")
def own_mounts(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Make the mounts of the tests ours alone, so that a killed run leaves none behind.

    /dev/fuse is open to all there, as udev makes it; a host without udev may have it root's alone.
    """
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(_CLONE_NEWNS) or libc.mount(b"none", b"/", None, _MS_REC | _MS_SLAVE, None):
            raise OSError(ctypes.get_errno(), "no mount namespace for the tests")
        if os.path.exists("/dev/fuse"):
            user.open_fuse(tmp_path_factory.mktemp("dev"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With --forbid-skips, report a skip as the failure that it is in CI."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and item.config.getoption("forbid_skips"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which --forbid-skips forbids: {report.longrepr}"
    return report
