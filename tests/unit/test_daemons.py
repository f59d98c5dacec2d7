"""A dockerd is told of by its command line and its pid file, where no lock tells of it."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from fscaps._linux import mountinfo
from fscaps._linux.directory import Directory
from fscaps.stores import _daemons
from fscaps.stores._look import Look
from lab import user

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROOTS_OWN = pytest.mark.skipif(os.geteuid() != 0, reason="only root's dockerd has those settings")


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings and a pid file of our own, and a data-root beside another."""
    for name in ("run", "etc", "root", "root2"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(_daemons, "_PID_FILES", ((str(tmp_path / "run"), "docker.pid"),))
    monkeypatch.setattr(_daemons, "_SETTINGS", (str(tmp_path / "etc"), "daemon.json"))
    monkeypatch.setattr(_daemons, "_DEFAULT", str(tmp_path / "nowhere"))


@contextmanager
def dockerd(
    place: Path, *arguments: str, name: str = "dockerd", uid: int | None = None
) -> Iterator[int]:
    """A process that is called so, with these arguments; its id."""
    program = place / name
    program.write_text("#!/bin/sh\necho up\nread end\n")
    program.chmod(0o755)
    become = [] if uid is None else ["setpriv", f"--reuid={uid}", "--clear-groups"]
    process = subprocess.Popen(
        [*become, program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        yield process.pid


def told(root: Path, *already: int, seconds: float = 30.0) -> list[str]:
    with Directory(os.open(root, os.O_RDONLY | os.O_DIRECTORY)) as target:
        look = Look(target, seconds)
        _daemons.owned(look, already)
    assert {problem.id for problem in look.problems} <= {"in-use"}
    return [problem.what for problem in look.problems]


@pytest.mark.parametrize(
    "form", ["--data-root {}", "--data-root={}", "--graph {}/", "-g {}/../root"]
)
def test_its_option_names_the_data_root(tmp_path: Path, form: str) -> None:
    with dockerd(tmp_path, "--debug", *form.format(tmp_path / "root").split(), "--init") as pid:
        (what,) = told(tmp_path / "root")
        assert what.startswith(f"dockerd (process {pid}) runs with this data-root, by -")
        assert told(tmp_path / "root", pid) == []  # a lock told of it
        assert told(tmp_path / "root2") == []
        assert told(tmp_path) == []
        assert told(tmp_path / "root", seconds=0.0) == []
    assert told(tmp_path / "root") == []


@pytest.mark.parametrize(
    "arguments", [("--data-root",), ("--data-root", "root"), ("--data-root=",)]
)
def test_options_that_lead_nowhere(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    with dockerd(tmp_path, *arguments):
        assert told(tmp_path / "root") == []


def test_another_program_is_none(tmp_path: Path) -> None:
    with dockerd(tmp_path, "--data-root", str(tmp_path / "root"), name="rsync") as pid:
        (tmp_path / "run/docker.pid").write_text(str(pid))
        assert told(tmp_path / "root") == []


@pytest.mark.parametrize("text", ["{}", "{}\n"])
def test_its_pid_file_is_named(tmp_path: Path, text: str) -> None:
    with dockerd(tmp_path, "--data-root", str(tmp_path / "root")) as pid:
        (tmp_path / "run/docker.pid").write_text(text.format(pid))
        (what,) = told(tmp_path / "root", seconds=0.0)
        assert f"({tmp_path}/run/docker.pid names it)" in what
    assert told(tmp_path / "root") == []  # the file is stale


@pytest.mark.parametrize("text", ["", "no number", "-1", "9" * 400, "²"])
def test_rubbish_in_a_pid_file_is_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "run/docker.pid").write_text(text)
    assert told(tmp_path / "root") == []


@ROOTS_OWN
@pytest.mark.parametrize(
    "settings", ["{{}}", '{{"data-root": 7}}', "[]", "{{", '{{"data-root": "{}2"}}']
)
def test_settings_that_name_another_or_nothing(tmp_path: Path, settings: str) -> None:
    (tmp_path / "etc/daemon.json").write_text(settings.format(tmp_path / "root"))
    with dockerd(tmp_path):
        assert told(tmp_path / "root") == []


@ROOTS_OWN
def test_its_settings_name_the_data_root(tmp_path: Path) -> None:
    (tmp_path / "etc/daemon.json").write_text(f'{{"data-root": "{tmp_path}/root"}}')
    with dockerd(tmp_path):
        (what,) = told(tmp_path / "root")
        assert f"by {tmp_path}/etc/daemon.json" in what
    with dockerd(tmp_path, "--config-file", "/elsewhere"):
        assert told(tmp_path / "root") == []


@ROOTS_OWN
def test_without_settings_it_has_its_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_daemons, "_DEFAULT", str(tmp_path / "root"))
    with dockerd(tmp_path):
        (what,) = told(tmp_path / "root")
        assert "by default" in what
        (tmp_path / "etc/daemon.json").mkdir()  # with which none would start
        assert told(tmp_path / "root") == []


@ROOTS_OWN
def test_settings_are_those_of_root_on_this_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user's dockerd has others (~/.config/docker), and so has one with another /etc."""
    (tmp_path / "etc/daemon.json").write_text(f'{{"data-root": "{tmp_path}/root"}}')
    with dockerd(tmp_path):
        place = mountinfo.place
        monkeypatch.setattr(
            mountinfo,
            "place",
            lambda path, pid=None: ((0, 1), path) if pid and "etc" in path else place(path, pid),
        )
        assert told(tmp_path / "root") == []
        monkeypatch.setattr(mountinfo, "place", place)
        assert len(told(tmp_path / "root")) == 1
    user.let_pass(tmp_path / "dockerd")
    os.chown(tmp_path / "root", 1234, 1234)
    with dockerd(tmp_path, uid=1234):
        assert told(tmp_path / "root") == []


@ROOTS_OWN
def test_a_neighbour_cannot_pose_as_one(tmp_path: Path) -> None:
    """Whoever owns the data-root may run a dockerd on it, and so may root."""
    user.let_pass(tmp_path / "dockerd")
    with dockerd(tmp_path, "--data-root", str(tmp_path / "root"), uid=1234):
        assert told(tmp_path / "root") == []
        os.chown(tmp_path / "root", 1234, 1234)
        assert len(told(tmp_path / "root")) == 1


def test_a_place_is_told_by_the_mount_table_alone() -> None:
    """/proc lies in no directory but its own; what is not there has a place all the same."""
    device = os.stat("/proc").st_dev
    assert mountinfo.place("/proc") == ((os.major(device), os.minor(device)), "/")
    assert mountinfo.place("/proc/no/such") == ((os.major(device), os.minor(device)), "/no/such")
    assert mountinfo.place("/process") != mountinfo.place("/proc")
    assert mountinfo.place("/proc", os.getpid()) == mountinfo.place("/proc")
    assert mountinfo.place("relative") is None
    assert mountinfo.place("/proc", 4194305) is None
