"""lab/run without engines: what cannot be recorded is said, and is no success."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from lab import recording, results
from lab.generations import Generation
from lab.guest import Result
from lab.qemu import machine as qemu
from lab.results import FINDINGS, ROWS, record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROLE = "docker/image"


def _recorded(wanted: recording.Wanted, _deadline: float) -> results.Row:
    if wanted.kind == FINDINGS:
        asked_as = wanted.role.partition(":")[2]
        return {"kernel": wanted.kernel, "filesystem": wanted.filesystem, "asked_as": asked_as}
    return dict(zip(("kernel", "filesystem", "role", "engine", "generation"), wanted.key))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
    """Give lab/run on a machine that has docker 20.10.24 alone, and lacks mkfs.jfs."""
    versions = {"docker": "20.10.24"}
    monkeypatch.setattr(Generation, "version", lambda _, engine: versions.get(engine))
    monkeypatch.setattr(recording, "every", lambda: {"bookworm": Generation("bookworm")})
    monkeypatch.setattr(
        recording, "missing", lambda system: "no mkfs.jfs" if system.name == "jfs" else None
    )
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(recording, "row", _recorded)

    def with_arguments(arguments: str) -> int:
        common = ["--into", str(tmp_path), "--generation", "bookworm"]
        monkeypatch.setattr("sys.argv", ["lab/run", *common, *arguments.split()])
        return recording.main()

    return with_arguments


def test_what_this_kernel_lacks_is_skipped_by_name(
    run: Callable[[str], int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(f"--fs [jx]fs --engine {ROLE}") == 0
    assert "skipped: jfs: no mkfs.jfs" in capsys.readouterr().out
    assert [row["filesystem"] for row in results.read(ROWS, tmp_path)] == ["xfs"]


def test_what_is_recorded_already_is_told(
    run: Callable[[str], int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(f"--fs xfs --engine {ROLE}") == 0
    assert "0 of 3 rows are recorded already" in capsys.readouterr().out
    assert run(f"--fs xfs --engine {ROLE}") == 0
    assert "3 of 3 rows are recorded already" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (f"--fs jfs --engine {ROLE}", "skipped: jfs: no mkfs.jfs"),
        ("--fs xfs --engine podman/vfs", "skipped: podman/vfs: bookworm has none"),
        ("--fs xfs --engine docker/data-root-without-layers", "which is too old"),
    ],
)
def test_where_nothing_can_be_recorded_that_is_no_success(
    run: Callable[[str], int], arguments: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) not in {0, 1, 2}
    said = capsys.readouterr()
    assert why in said.out
    assert "nothing matches" in said.err


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ("--fs xsf", "no file system is called xsf"),
        ("--engine docker/vfs", "no role is called docker/vfs"),
        ("--engine findings:me", "no role is called findings:me"),
        ("--generation forky", "no generation is called forky, here are: bookworm"),
    ],
)
def test_a_name_that_nothing_has_is_refused(
    run: Callable[[str], int], arguments: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run(arguments)
    assert why in capsys.readouterr().err


DEBIANS = "6.1.0-50-amd64"


@pytest.fixture
def booted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the boots, each a suite and a file system, of a machine with one kernel of Debian's."""
    boots: list[str] = []

    def boot(suite: str, script: str, *, results: Path, seconds: float) -> Result:
        assert seconds
        name = re.findall(r"--fs (\S+)", script)[0]
        boots.append(f"{suite} {name}")
        row = {"kernel": DEBIANS, "filesystem": name, "role": ROLE, "engine": "docker 20.10.24"}
        record(ROWS, [{**row, "generation": "bookworm"}], results / "recorded")
        found = {"kernel": DEBIANS, "filesystem": name}
        for asked_as in ("root", "user"):
            record(FINDINGS, [{**found, "asked_as": asked_as}], results / "recorded")
        return Result(0, "", "", "", timed_out=False)

    monkeypatch.setattr(qemu, "suites", lambda: ["bookworm"])
    monkeypatch.setattr(qemu, "kernel", lambda _: DEBIANS)
    monkeypatch.setattr(qemu, "run", boot)
    return boots


def test_a_kernel_of_debians_is_booted_for_each_file_system_once(
    run: Callable[[str], int], booted: list[str], tmp_path: Path
) -> None:
    arguments = f"--kernel bookworm --fs [jx]fs --engine {ROLE}"
    assert run(arguments) == 0
    assert booted == ["bookworm jfs", "bookworm xfs"]  # what it lacks, it says itself
    assert {row["kernel"] for row in results.read(ROWS, tmp_path)} == {DEBIANS}
    assert run(arguments) == 0
    assert len(booted) == 2


def test_a_kernel_that_was_not_fetched_is_refused(
    run: Callable[[str], int], booted: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run("--kernel bullseye")
    assert "invalid choice: 'bullseye'" in capsys.readouterr().err
    assert not booted


def test_nothing_can_be_booted_where_nothing_was_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor where there is no qemu, or half a kernel."""
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(qemu, "KERNELS", tmp_path / "kernels")
    assert qemu.suites() == []
    for name in ("trixie", "sid"):
        (tmp_path / "kernels" / name).mkdir(parents=True)
    (tmp_path / "kernels/trixie/initrd").touch()
    assert qemu.suites() == ["trixie"]
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert qemu.suites() == []
