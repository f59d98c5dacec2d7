"""The command: where the report goes, and what it looks like there."""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import struct
import subprocess
import termios
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from unit.running import (
    FITS,
    IMAGE,
    QUICK,
    UNASKED,
    UNESTABLISHED,
    command,
    complaint,
    environment,
    python,
    run,
    shell,
)

from fscaps import engines, load, probes, survey

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


_SETPIPE_SZ = 1031  # fcntl.F_SETPIPE_SZ, which Python 3.9 does not know

# --- where the report goes ------------------------------------------------------------------


def gone() -> int:
    """The writing end of a pipe that nobody reads any more."""
    reader, writer = os.pipe()
    os.close(reader)
    return writer


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((*IMAGE, "place"), FITS),
        ((*IMAGE, "--json", "place", "place"), FITS),
        (("--for", "docker/data-root", *QUICK, "place"), UNESTABLISHED),
        (("--list", "probes"), FITS),
        (("--schema",), FITS),
        (("--help",), FITS),
        (("--version",), FITS),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_a_reader_that_has_seen_enough_is_no_failure(
    tmp_path: Path, arguments: Sequence[str], expected: int
) -> None:
    """As in ``fscaps … | head -1``; the exit status is still that of the answer."""
    (tmp_path / "place").mkdir()
    writer = gone()
    try:
        ended = run(*arguments, cwd=tmp_path, stdout=writer)
    finally:
        os.close(writer)
    assert (ended.returncode, ended.stderr) == (expected, "")
    assert os.listdir(tmp_path / "place") == []


@pytest.mark.parametrize(
    "arguments", [(*IMAGE, *QUICK, "/tmp"), ("--list", "probes"), ("--schema",), ("--help",)]
)
def test_a_full_disk_under_the_output_is_one_line(arguments: Sequence[str]) -> None:
    with open("/dev/full", "wb") as full:
        ended = run(*arguments, stdout=full)
    assert ended.returncode == UNASKED
    (line,) = ended.stderr.splitlines()
    assert os.strerror(errno.ENOSPC) in line


def test_a_closed_output_is_one_line(place: Path) -> None:
    ended = shell('fscaps "$@" >&-', *IMAGE, *QUICK, place)
    assert "could not be written" in complaint(ended)


def test_a_report_in_a_file_needs_no_output(place: Path, tmp_path: Path) -> None:
    ended = shell('fscaps "$@" >&- <&-', *IMAGE, "--json", "-o", tmp_path / "report", place)
    assert (ended.returncode, ended.stderr) == (FITS, "")
    assert load((tmp_path / "report").read_text()).path == str(place)


def test_a_pipe_that_does_not_block_is_waited_for(place: Path) -> None:
    """Another program may have made it so; a small one is full at once."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, _SETPIPE_SZ, 4096)
    os.set_blocking(writer, False)
    with subprocess.Popen(
        command("--json", place), stdout=writer, stderr=subprocess.PIPE, env=environment()
    ) as process:
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            report = load(pipe.read())
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 0, report.summary


@pytest.mark.parametrize("redirection", ["2>&-", "<&-", "<&- 2>&-"])
def test_other_descriptors_may_be_closed(place: Path, redirection: str) -> None:
    ended = shell(f'fscaps "$@" {redirection}', *IMAGE, place)
    assert (ended.returncode, ended.stderr) == (FITS, "")
    assert "can back image metadata" in " ".join(ended.stdout.split())


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full", "<&- >&- 2>&-"])
def test_a_complaint_that_nobody_can_read_leaves_the_status(place: Path, redirection: str) -> None:
    """1 would mean that the path was asked, and is unfit."""
    ended = shell(f'fscaps "$@" {redirection}', place / "nowhere")
    assert (ended.returncode, ended.stdout, ended.stderr) == (UNASKED, "", "")


def test_output_to_a_file_says_nothing_else(place: Path, tmp_path: Path) -> None:
    ended = run(*IMAGE, "--json", "-o", tmp_path / "report", place)
    assert (ended.returncode, ended.stdout, ended.stderr) == (FITS, "", "")
    assert load((tmp_path / "report").read_bytes())["docker/image"].fitness.fits


def test_output_of_several_paths_to_a_file_keeps_each(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    ended = run(*IMAGE, *QUICK, "--json", "-o", "report", "a", "b", cwd=tmp_path)
    assert ended.stderr == ""
    lines = (tmp_path / "report").read_text().splitlines()
    assert [load(line).path for line in lines] == ["a", "b"]


def test_the_child_does_not_hold_the_caller_s_descriptors(place: Path) -> None:
    """A caller that reads until the end of a pipe must not wait for an abandoned child."""
    reader, writer = os.pipe()
    code = f"""
    import os
    from fscaps import survey
    def held(finding):
        me = os.getpid()
        for child in open(f"/proc/{{me}}/task/{{me}}/children").read().split():
            for fd in os.listdir(f"/proc/{{child}}/fd"):
                try:
                    print(os.readlink(f"/proc/{{child}}/fd/{{fd}}"), flush=True)
                except FileNotFoundError:
                    pass
    survey({str(place)!r}, roles=["docker/image"], on_finding=held)
    """
    try:
        ended = python(code, pass_fds=(writer,))
        ours = os.readlink(f"/proc/self/fd/{writer}")
    finally:
        os.close(reader)
        os.close(writer)
    assert str(place) in ended.stdout
    assert ours not in ended.stdout.split()


# --- what is shown --------------------------------------------------------------------------


def test_quiet_is_the_answer_alone(place: Path) -> None:
    ended = run(*IMAGE, "-q", place)
    assert " ".join(ended.stdout.split()) == f"{place} can back image metadata."


def test_verbose_tells_of_every_question(place: Path) -> None:
    ended = run("-v", *QUICK, place)
    for probe in probes.every():
        assert f"\n{probe} " in ended.stdout


def test_a_role_limits_the_questions_to_what_it_needs(place: Path) -> None:
    report = load(run(*IMAGE, "--json", place).stdout)
    (role,) = engines.roles(["docker/image"])
    needed = probes.in_order(probe for need in role.needs for probe in need.any_of)
    assert sorted(report.findings) == sorted(probe.id for probe in needed)
    assert list(report.verdicts) == ["docker/image"]


@pytest.mark.parametrize("option", ["--only", "--skip"])
def test_a_glob_that_no_probe_matches_is_a_mistake(place: Path, option: str) -> None:
    ended = run(option, "name.*", option, "xatr.*", place)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "fscaps: no probe matches xatr.*\n"


def test_only_and_skip_choose_questions_and_the_rest_is_listed_as_skipped(place: Path) -> None:
    ended = run("--json", "--only", "directory.*", "--skip", "directory.d_*", place)
    report = load(ended.stdout)
    assert list(report.findings) != []
    assert set(report.findings) == set(probes.every())
    asked = [one.probe for one in report.findings.values() if one.detail != "not asked, by request"]
    wanted = [
        probe
        for name, probe in probes.every().items()
        if name.startswith("directory.") and not name.startswith("directory.d_")
    ]
    assert sorted(asked) == sorted(probe.id for probe in probes.in_order(wanted))


def blocks(terminal: int) -> Iterator[bytes]:
    """What was written to a terminal whose other end is closed: Linux ends it with EIO."""
    with suppress(OSError):
        while block := os.read(terminal, 65536):
            yield block


def shown(arguments: Sequence[str], columns: int, **more: str) -> str:
    """What the command shows on a terminal of so many columns."""
    main, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))
    try:
        ended = run(*arguments, stdout=terminal, env=environment(**{"TERM": "xterm", **more}))
    finally:
        os.close(terminal)
    assert ended.stderr == ""
    try:
        return b"".join(blocks(main)).decode().replace("\r\n", "\n")
    finally:
        os.close(main)


def test_color_on_a_terminal_and_nowhere_else(place: Path) -> None:
    arguments = (*IMAGE, *QUICK, str(place))
    assert "\x1b[" in shown(arguments, 80)
    assert "\x1b" not in shown(("--color", "never", *arguments), 80)
    assert "\x1b" not in shown(arguments, 80, NO_COLOR="1")
    assert "\x1b" not in shown(arguments, 80, TERM="dumb")
    assert "\x1b" not in run(*arguments).stdout
    assert "\x1b[" in run("--color", "always", *arguments).stdout


def test_no_color_in_a_file_even_from_a_terminal(place: Path, tmp_path: Path) -> None:
    assert shown((*IMAGE, *QUICK, "-o", str(tmp_path / "report"), str(place)), 80) == ""
    assert "\x1b" not in (tmp_path / "report").read_text()


def test_json_is_the_same_on_a_terminal(place: Path) -> None:
    assert load(shown((*IMAGE, "--json", str(place)), 40))["docker/image"].fitness.fits


@pytest.mark.parametrize("columns", [0, 1, 60, 80, 500])
def test_the_terminal_s_width_is_kept_within_reason(tmp_path: Path, columns: int) -> None:
    """A terminal without a size is taken to have 80 columns; beyond 100 nobody likes to read."""
    (tmp_path / "p").mkdir()
    here = os.getcwd()
    os.chdir(tmp_path)
    try:
        text = shown((*QUICK, "--for", "docker/data-root", "--color", "never", "p"), columns)
    finally:
        os.chdir(here)
    widest = max(len(line) for line in text.splitlines() if "/" not in line)
    assert widest <= {0: 80, 1: 80, 500: 100}.get(columns, columns)


@pytest.mark.parametrize("columns", ["20", "300", "wide", "-1", ""])
def test_an_inherited_environment_changes_nothing(place: Path, columns: str) -> None:
    """A gate must not be steered by it; nor by what Python and locale variables it may hold."""
    plain = run(*IMAGE, *QUICK, place)
    steered = run(
        *IMAGE,
        *QUICK,
        place,
        env=environment(
            COLUMNS=columns, LINES=columns, FSCAPS_FORMAT="json", FORCE_COLOR="1", TERM="dumb"
        ),
    )
    assert steered.stdout == plain.stdout
    assert steered.returncode == plain.returncode


def test_the_report_warns_of_a_version_that_nobody_has_run(place: Path) -> None:
    done = run("--for", "docker/image@99", *QUICK, place)
    assert "docker 99 was not run" in " ".join(done.stdout.split())
    assert "was not run" not in run("--for", "docker/image", *QUICK, place).stdout


def test_an_engine_asks_what_its_own_choice_of_a_driver_takes(place: Path) -> None:
    """A role alone does not."""
    checks = {"driver.overlay2", "driver.fuse_overlayfs", "driver.btrfs", "driver.zfs"}
    whole = survey(place, roles=["docker"], mount="never")
    assert checks <= set(whole.findings)
    assert set(whole.picks) == {"docker"}
    alone = survey(place, roles=["docker/image"], mount="never")
    assert not checks & set(alone.findings)
    assert alone.picks == {}
