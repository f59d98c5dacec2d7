"""What lab/run leaves when it is killed is swept; what is in use is not."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lab import workplace
from lab.mounts import Mount

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).resolve().parents[2]
# Another process stays, as a row's does for a moment.
_WORK = """
import subprocess, sys
from lab.workplace import workplace
with workplace("row") as (path, lock):
    (path / "file").touch()
    row = subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[lock])
    print(path, row.pid, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))


@contextmanager
def _at_work() -> Iterator[tuple[subprocess.Popen[str], Path, int]]:
    worker = subprocess.Popen(
        [sys.executable, "-c", _WORK],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{_ROOT}:{_ROOT / 'src'}"},
        text=True,
    )
    with worker:
        assert worker.stdout
        path, row = worker.stdout.readline().split()
        yield worker, Path(path), int(row)


def _end_of(row: int) -> None:
    death = os.pidfd_open(row)
    os.kill(row, signal.SIGCONT)
    select.select([death], [], [])
    os.close(death)


def test_what_was_killed_is_swept_when_its_last_process_is_gone() -> None:
    with _at_work() as (worker, path, row):
        os.kill(row, signal.SIGSTOP)
        worker.kill()  # with which the input of its row ends
        worker.wait()
        assert workplace.sweep() == []
        _end_of(row)
        assert workplace.sweep() == [path]
    assert not path.exists()


def test_what_is_at_work_is_left_alone_and_removes_itself() -> None:
    with _at_work() as (worker, path, _):
        assert workplace.sweep() == []
        worker.communicate("")
    assert not path.exists()


def test_nothing_is_deleted_through_a_mount(monkeypatch: pytest.MonkeyPatch) -> None:
    with _at_work() as (worker, path, row):
        os.kill(row, signal.SIGSTOP)
        worker.kill()
        worker.wait()
        _end_of(row)
    mounted = [Mount(1, path, "tmpfs", "0:1")]
    monkeypatch.setattr(workplace, "mounts_below", lambda _: mounted)
    assert workplace.sweep() == []
    assert (path / "file").exists()
