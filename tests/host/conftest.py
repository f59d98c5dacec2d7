"""One survey of each file system that is made here, for all the tests that look at it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from host.moods import MOODS

import fscaps
from lab.filesystems import FILESYSTEMS, missing

if TYPE_CHECKING:
    from pathlib import Path

EVERY = {**FILESYSTEMS, **MOODS}


class Surveys:
    """Reports by the name of the file system, each made when it is first asked for."""

    def __init__(self, factory: pytest.TempPathFactory) -> None:
        """Make the file systems in directories of this factory."""
        self._factory = factory
        self._reports: dict[str, fscaps.Report] = {}

    def __getitem__(self, name: str) -> fscaps.Report:
        """The report; skips the test where the file system cannot be had."""
        if name not in self._reports:
            lacking = missing(EVERY[name])
            if lacking:
                pytest.skip(f"{name}: {lacking}")
            with EVERY[name](self._factory.mktemp("work")) as directory:
                self._reports[name] = _surveyed(directory)
        return self._reports[name]


def _surveyed(directory: Path) -> fscaps.Report:
    """What is found there; it must leave nothing behind."""
    before, mounts = _names(directory), _mounts()
    report = fscaps.survey(directory)
    assert _names(directory) == before, "something was left in the probed directory"
    assert _mounts() == mounts, "something was left mounted"
    return report


def _names(directory: Path) -> set[str]:
    try:
        return set(os.listdir(directory))
    except OSError:
        return set()  # a file system that was shut down


def _mounts() -> list[str]:
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as table:
        return [line.split(" ", 1)[0] for line in table]


@pytest.fixture(scope="session")
def surveys(tmp_path_factory: pytest.TempPathFactory) -> Surveys:
    """Every report of this session."""
    missing(FILESYSTEMS["erofs"])  # loads the driver, which fscaps would not
    return Surveys(tmp_path_factory)


@pytest.fixture
def survey(surveys: Surveys, request: pytest.FixtureRequest) -> fscaps.Report:
    """A survey of the file system that the test names."""
    return surveys[request.param]
