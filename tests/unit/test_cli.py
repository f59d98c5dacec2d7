"""The command: an exit status for each answer, one line for each complaint, never a traceback."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from unit import nouns

import fscaps
from fscaps import Fitness, Verdict, _catalogue, engines, load, probes
from fscaps._cli import _worst, status
from fscaps.render import json as json_format

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SOURCE = os.path.dirname(os.path.dirname(fscaps.__file__))
FITS, UNFIT, UNASKED, PARTLY, UNESTABLISHED = 0, 1, 2, 3, 4

# Questions that cost little and that every user on every file system gets the same answer to.
IMAGE = ("--for", "docker/image", "--mount", "never")
QUICK = ("--only", "name.option", "--only", "directory.writable")

Run = subprocess.CompletedProcess


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """An empty directory in an empty directory, which the test must leave as it was."""
    place = tmp_path / "place"
    place.mkdir()
    yield place
    assert os.listdir(place) == []


def environment(**more: str) -> dict[str, str]:
    """What a fresh login has, with our source to import, and this."""
    return {"PATH": os.defpath, "PYTHONPATH": SOURCE, "LC_ALL": "C.UTF-8", **more}


def command(*arguments: str | bytes | Path) -> list[Any]:
    """The command line that runs fscaps."""
    return [sys.executable, "-m", "fscaps", *arguments]


def fscaps_(*arguments: str | bytes | Path, **options: Any) -> Run[str]:
    """Run the command; what it wrote is decoded, with what is no UTF-8 escaped."""
    options.setdefault("env", environment())
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    return subprocess.run(
        command(*arguments),
        stdin=subprocess.DEVNULL,
        encoding="utf-8",
        errors="backslashreplace",
        check=False,
        **options,
    )


def shell(script: str, *arguments: str | Path, **options: Any) -> Run[str]:
    """Run a shell script in which ``fscaps`` is the command."""
    run = " ".join(["fscaps()", "{", sys.executable, "-m", "fscaps", '"$@";', "}"])
    return subprocess.run(
        ["/bin/sh", "-c", f"{run}\n{script}", "sh", *map(str, arguments)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


def complaint(run: Run[str], expected: int = UNASKED) -> str:
    """The one line that the command complained in, having printed and done nothing else."""
    assert run.returncode == expected
    assert not run.stdout
    (line,) = run.stderr.splitlines()
    assert run.stderr.endswith("\n")
    assert line.startswith("fscaps: ")
    assert line.isprintable()
    return line


# --- paths that cannot be asked -------------------------------------------------------------


def test_no_such_path(place: Path) -> None:
    line = complaint(fscaps_(place / "nowhere"))
    assert f"{place}/nowhere: {os.strerror(errno.ENOENT)}" in line


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert os.strerror(errno.ENOTDIR) in complaint(fscaps_(tmp_path / "file"))
    assert os.strerror(errno.ENOTDIR) in complaint(fscaps_(tmp_path / "file" / "below"))


def test_a_dangling_symlink(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    assert os.strerror(errno.ENOENT) in complaint(fscaps_(tmp_path / "link"))


def test_a_looping_symlink(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("link")
    assert os.strerror(errno.ELOOP) in complaint(fscaps_(tmp_path / "link"))


def test_a_device_and_a_fifo_are_no_directories_and_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", Path("/dev/null")):
        assert os.strerror(errno.ENOTDIR) in complaint(fscaps_(path))


def test_an_empty_path() -> None:
    assert "empty" in complaint(fscaps_(""))


def test_a_name_that_is_too_long(place: Path) -> None:
    assert os.strerror(errno.ENAMETOOLONG) in complaint(fscaps_(place / ("x" * 300)))


def test_a_path_that_is_too_long(place: Path) -> None:
    path = f"{place}/" + "./" * 40_000
    assert os.strerror(errno.ENAMETOOLONG) in complaint(fscaps_(path))


def test_a_missing_path_of_any_bytes_is_one_line(place: Path) -> None:
    line = complaint(fscaps_(bytes(place) + b"/no\nsuch\x1b[2J\xff"))
    assert r"/no\nsuch\x1b[2J\udcff: " in line


def test_a_path_with_nul_cannot_be_asked() -> None:
    """The kernel takes no such argument, but a caller of main() may hand one over."""
    code = "import sys; from fscaps._cli import main; sys.exit(main(['a\\0b']))"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert r"a\x00b: a path cannot contain a NUL byte" in complaint(run)


@pytest.mark.parametrize("path", ["", b"", "a\0b", b"a\0b", Path("nul\0")])
def test_such_paths_raise_a_target_error_from_python_too(path: Any) -> None:
    with pytest.raises(fscaps.TargetError) as caught:
        fscaps.survey(path)
    assert caught.value.errno in {"ENOENT", "EINVAL"}


# --- arguments that make no sense -----------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "no path"),
        (("/tmp", "--for", "dokcer"), "unknown engine or role: dokcer"),
        (("/tmp", "--for", "docker/imag"), "unknown engine or role: docker/imag"),
        (("/tmp", "--for", ""), "unknown engine or role"),
        (("/tmp", "--format", "yaml"), "yaml"),
        (("/tmp", "--format", "../text"), "../text"),
        (("/tmp", "--format", ""), "format"),
        (("/tmp", "--bogus"), "--bogus"),
        (("/tmp", "--verb"), "--verb"),  # no guessing: an abbreviation may mean another later
        (("/tmp", "--bog\nus\x1b[2J"), r"--bog\nus\x1b[2J"),
        (("/tmp", "--timeout", "soon"), "soon"),
        (("/tmp", "--timeout", "0"), "0"),
        (("/tmp", "--timeout", "-1"), "--timeout"),
        (("/tmp", "--timeout=-1"), "-1"),
        (("/tmp", "--timeout", "nan"), "nan"),
        (("/tmp", "--timeout", "inf"), "inf"),
        (("/tmp", "--deadline", "0"), "0"),
        (("/tmp", "--deadline", "nan"), "nan"),
        (("/tmp", "--mount", "perhaps"), "perhaps"),
        (("/tmp", "--color", "red"), "red"),
        (("--list", "everything"), "everything"),
        (("--explain", "no.such"), "no.such"),
        (("--explain", ""), ""),
        (("--explain", "no\nsuch\x1b[2J"), r"no\nsuch\x1b[2J"),
        (("/tmp", "-o"), "-o"),
    ],
)
def test_a_bad_argument_is_one_line(arguments: Sequence[str], words: str) -> None:
    assert words in complaint(fscaps_(*arguments))


@pytest.mark.parametrize("output", ["nowhere/report", ".", "a-file/report"])
def test_a_report_that_cannot_be_written_is_one_line(tmp_path: Path, output: str) -> None:
    (tmp_path / "a-file").touch()
    (tmp_path / "place").mkdir()
    run = fscaps_(*IMAGE, *QUICK, "place", "-o", output, cwd=tmp_path)
    assert "could not be written" in complaint(run)


# --- exit statuses --------------------------------------------------------------------------


def test_0_if_all_that_was_asked_for_fits(place: Path) -> None:
    run = fscaps_(*IMAGE, place)
    assert (run.returncode, run.stderr) == (FITS, "")
    assert run.stdout.startswith(f"{place} can back image metadata.")


@pytest.fixture
def unfit(tmp_path: Path) -> Iterator[Path]:
    """A directory that dockerd cannot use whoever asks: its name would end a mount option."""
    unfit = tmp_path / "a,b"
    unfit.mkdir()
    yield unfit
    assert os.listdir(unfit) == []


def test_1_if_nothing_that_was_asked_for_fits(unfit: Path) -> None:
    run = fscaps_("--for", "docker/data-root", *QUICK, unfit)
    assert (run.returncode, run.stderr) == (UNFIT, "")
    assert "a whole Docker data-root" in run.stdout


def test_3_if_some_fits_and_some_does_not(unfit: Path) -> None:
    run = fscaps_("--for", "docker/data-root", *IMAGE, unfit)
    assert (run.returncode, run.stderr) == (PARTLY, "")


def test_4_if_something_could_not_be_established(place: Path) -> None:
    run = fscaps_("--for", "docker/data-root", *QUICK, place)
    assert (run.returncode, run.stderr) == (UNESTABLISHED, "")
    assert "could not be established" in " ".join(run.stdout.split())


@pytest.mark.parametrize(
    ("fitnesses", "lenient", "strict"),
    [
        ("suitable", FITS, FITS),
        ("suitable suitable", FITS, FITS),
        ("degraded", FITS, UNFIT),
        ("suitable degraded", FITS, PARTLY),
        ("unsuitable", UNFIT, UNFIT),
        ("unsuitable unsuitable", UNFIT, UNFIT),
        ("unsuitable degraded", PARTLY, UNFIT),
        ("unsuitable suitable", PARTLY, PARTLY),
        ("undetermined", UNESTABLISHED, UNESTABLISHED),
        ("suitable undetermined", UNESTABLISHED, UNESTABLISHED),
        ("unsuitable undetermined", UNESTABLISHED, UNESTABLISHED),
    ],
)
def test_the_status_of_a_report(fitnesses: str, lenient: int, strict: int) -> None:
    report = nouns.report(
        Verdict(f"e/{number}", "", Fitness(one)) for number, one in enumerate(fitnesses.split())
    )
    assert status(report, strict=False) == lenient
    assert status(report, strict=True) == strict


@pytest.mark.parametrize(
    ("statuses", "together"),
    [
        ([FITS], FITS),
        ([FITS, FITS], FITS),
        ([UNFIT, UNFIT], UNFIT),
        ([FITS, UNFIT], PARTLY),
        ([UNFIT, FITS], PARTLY),
        ([PARTLY, FITS], PARTLY),
        ([FITS, UNESTABLISHED, UNFIT], UNESTABLISHED),
        ([UNESTABLISHED, UNASKED], UNASKED),
        ([FITS, UNASKED], UNASKED),
    ],
)
def test_the_status_of_several_paths(statuses: list[int], together: int) -> None:
    assert _worst(statuses) == together


def unprivileged(arguments: list[Any], **options: Any) -> Run[str]:
    """Run as a user without rights: as we are, else as nobody, else as root without capabilities.

    The last where nobody may not even read our Python, as in /root.
    """
    options = {
        "env": environment(),
        "capture_output": True,
        "text": True,
        "check": False,
        **options,
    }
    if os.geteuid() != 0:
        return subprocess.run(arguments, **options)
    nobody = {"user": 65534, "group": 65534, "extra_groups": [], "cwd": "/"}
    try:
        subprocess.run(
            [sys.executable, "-c", "import fscaps"], **nobody, env=environment(), check=True
        )
    except (OSError, subprocess.CalledProcessError):
        # prctl(PR_CAPBSET_DROP), so that execve(2) gives root nothing
        drop = (
            "import ctypes, os, sys; libc = ctypes.CDLL(None);"
            "[libc.prctl(24, number, 0, 0, 0) for number in range(64)];"
            "os.execv(sys.argv[1], sys.argv[1:])"
        )
        return subprocess.run([sys.executable, "-c", drop, *arguments], **options)
    return subprocess.run(arguments, **nobody, **options)


@pytest.fixture
def common(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory that anybody can reach and write to."""
    place = tmp_path_factory.mktemp("common")
    for above in (place.parent, place.parent.parent):
        if above.stat().st_uid == os.geteuid():
            above.chmod(above.stat().st_mode | 0o011)
    place.chmod(0o777)
    yield place
    assert os.listdir(place) == []


def test_without_privilege_a_data_root_is_not_known_to_fit_and_not_called_unfit(
    common: Path,
) -> None:
    run = unprivileged(command("--for", "docker/data-root", "--json", common))
    assert (run.returncode, run.stderr) == (UNESTABLISHED, "")
    report = load(run.stdout)
    assert report["docker/data-root"].fitness is Fitness.UNDETERMINED
    assert report.findings["xattr.trusted"].reason is fscaps.Reason.PRIVILEGE


def test_without_privilege_what_needs_none_is_established(common: Path) -> None:
    run = unprivileged(command(*IMAGE, common))
    assert (run.returncode, run.stderr) == (FITS, "")


def test_without_privilege_it_is_told_what_nobody_may_enter(common: Path) -> None:
    closed = common / "closed"
    closed.mkdir(mode=0)
    try:
        run = unprivileged(command(closed / "below"))
    finally:
        closed.rmdir()
    if os.geteuid() == 0 and os.strerror(errno.ENOENT) in run.stderr:
        return  # nobody could not run our Python, and root owns the directory
    assert os.strerror(errno.EACCES) in complaint(run)


@pytest.mark.parametrize("version", [(3, 8, 18), (3, 6, 15), (2, 7, 18)])
def test_69_if_python_is_too_old(version: tuple[int, ...]) -> None:
    """A stand-in for the old Pythons that are not installed here."""
    code = f"""
    import runpy, sys
    sys.version_info = {(*version, "final", 0)}
    sys.argv = ["-m", "/tmp"]
    runpy.run_module("fscaps", run_name="__main__", alter_sys=True)
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (69, "")
    (line,) = run.stderr.splitlines()
    assert "needs Python 3.9" in line


_OLD = [
    path
    for path in (f"/usr/bin/python3.{minor}" for minor in range(4, 9))
    if os.access(path, os.X_OK)
] + sorted(map(str, Path("~/.pyenv/versions").expanduser().glob("3.[4-8].*/bin/python")))


@pytest.mark.parametrize("python", _OLD)
def test_69_in_a_python_that_is_really_too_old(python: str) -> None:
    run = subprocess.run(
        [python, "-m", "fscaps", "/tmp"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (69, "")
    assert len(run.stderr.splitlines()) == 1


def test_an_import_by_a_python_that_is_too_old_is_an_import_error() -> None:
    """An installer that imports us is not ended."""
    code = (
        "import sys; sys.version_info = (3, 8, 0, 'final', 0)\n"
        "try:\n    import fscaps\nexcept ImportError as error:\n    print(error)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True
    )
    assert "needs Python 3.9" in run.stdout


def test_70_and_one_line_for_a_bug(place: Path) -> None:
    code = f"""
    import sys
    from fscaps import _cli
    def broken(*_args, **_kwargs):
        raise ZeroDivisionError("a\\nb")
    _cli.survey = broken
    sys.exit(_cli.main([{str(place)!r}]))
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "ZeroDivisionError" in complaint(run, 70)


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
    ids=" ".join,
)
def test_a_reader_that_has_seen_enough_is_no_failure(
    tmp_path: Path, arguments: Sequence[str], expected: int
) -> None:
    """As in ``fscaps … | head -1``; the exit status is still that of the answer."""
    (tmp_path / "place").mkdir()
    writer = gone()
    try:
        run = fscaps_(*arguments, cwd=tmp_path, stdout=writer)
    finally:
        os.close(writer)
    assert (run.returncode, run.stderr) == (expected, "")
    assert os.listdir(tmp_path / "place") == []


@pytest.mark.parametrize(
    "arguments", [(*IMAGE, *QUICK, "/tmp"), ("--list", "probes"), ("--schema",), ("--help",)]
)
def test_a_full_disk_under_the_output_is_one_line(arguments: Sequence[str]) -> None:
    with open("/dev/full", "wb") as full:
        run = fscaps_(*arguments, stdout=full)
    assert run.returncode == UNASKED
    (line,) = run.stderr.splitlines()
    assert os.strerror(errno.ENOSPC) in line


def test_a_closed_output_is_one_line(place: Path) -> None:
    run = shell('fscaps "$@" >&-', *IMAGE, *QUICK, place)
    assert "could not be written" in complaint(run)


def test_a_report_in_a_file_needs_no_output(place: Path, tmp_path: Path) -> None:
    run = shell('fscaps "$@" >&- <&-', *IMAGE, "--json", "-o", tmp_path / "report", place)
    assert (run.returncode, run.stderr) == (FITS, "")
    assert load((tmp_path / "report").read_text()).path == str(place)


@pytest.mark.parametrize("redirection", ["2>&-", "<&-", "<&- 2>&-"])
def test_other_descriptors_may_be_closed(place: Path, redirection: str) -> None:
    run = shell(f'fscaps "$@" {redirection}', *IMAGE, place)
    assert (run.returncode, run.stderr) == (FITS, "")
    assert "can back image metadata" in run.stdout


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full", "<&- >&- 2>&-"])
def test_a_complaint_that_nobody_can_read_leaves_the_status(place: Path, redirection: str) -> None:
    """1 would mean that the path was asked, and is unfit."""
    run = shell(f'fscaps "$@" {redirection}', place / "nowhere")
    assert (run.returncode, run.stdout, run.stderr) == (UNASKED, "", "")


def test_output_to_a_file_says_nothing_else(place: Path, tmp_path: Path) -> None:
    run = fscaps_(*IMAGE, "--json", "-o", tmp_path / "report", place)
    assert (run.returncode, run.stdout, run.stderr) == (FITS, "", "")
    assert load((tmp_path / "report").read_bytes())["docker/image"].fitness.fits


def test_output_of_several_paths_to_a_file_keeps_each(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    run = fscaps_(*IMAGE, *QUICK, "--json", "-o", "report", "a", "b", cwd=tmp_path)
    assert run.stderr == ""
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
        run = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)],
            env=environment(),
            pass_fds=(writer,),
            capture_output=True,
            text=True,
            check=True,
        )
        ours = os.readlink(f"/proc/self/fd/{writer}")
    finally:
        os.close(reader)
        os.close(writer)
    assert str(place) in run.stdout
    assert ours not in run.stdout.split()


# --- several paths, and how they are given --------------------------------------------------


def test_several_paths_are_one_object_a_line(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    run = fscaps_(*IMAGE, "--json", "a", "b", cwd=tmp_path)
    assert (run.returncode, run.stderr) == (FITS, "")
    assert [load(line).path for line in run.stdout.splitlines()] == ["a", "b"]


def test_one_path_that_cannot_be_asked_does_not_keep_the_others_from_it(place: Path) -> None:
    run = fscaps_(*IMAGE, "--json", place / "nowhere", place)
    assert run.returncode == UNASKED
    assert load(run.stdout).path == str(place)
    assert len(run.stderr.splitlines()) == 1


@pytest.mark.parametrize(("given", "end"), [("place", ""), (".", "/.."), ("../cwd/place/.", "")])
def test_a_relative_path_is_relative_to_where_one_is(tmp_path: Path, given: str, end: str) -> None:
    here = tmp_path / "cwd"
    (here / "place").mkdir(parents=True)
    run = fscaps_(*QUICK, "--json", given, cwd=here)
    report = load(run.stdout)
    assert report.path == given
    assert report.resolved == os.path.realpath(f"{here}/place{end}")


def test_a_symbolic_link_is_followed_and_shown(tmp_path: Path) -> None:
    (tmp_path / "place").mkdir()
    (tmp_path / "second").symlink_to("place")
    (tmp_path / "first").symlink_to(tmp_path / "second")
    report = load(fscaps_(*QUICK, "--json", "first", cwd=tmp_path).stdout)
    assert report.resolved == os.path.realpath(tmp_path / "place")
    base = os.path.realpath(tmp_path)
    assert report.links[-2:] == (
        f"{base}/first -> {tmp_path}/second",
        f"{base}/second -> place",
    )


def test_a_path_that_begins_with_a_dash_comes_after_two(tmp_path: Path) -> None:
    (tmp_path / "-q").mkdir()
    run = fscaps_(*IMAGE, "--json", "--", "-q", cwd=tmp_path)
    assert run.returncode == FITS
    assert load(run.stdout).path == "-q"


@pytest.mark.parametrize("name", [b"a\nb", b"\xff\xfe", b"\x1b[2J", b" ", b"%s{}", b"\xc5\x99 x"])
def test_a_directory_of_any_name_can_be_asked(tmp_path: Path, name: bytes) -> None:
    path = bytes(tmp_path) + b"/" + name
    os.mkdir(path)
    run = fscaps_(*IMAGE, "--json", path)
    assert (run.returncode, run.stderr) == (FITS, "")
    report = load(run.stdout)
    assert os.fsencode(report.path) == path
    assert os.fsencode(report.resolved or "") == os.path.realpath(path)
    text = fscaps_(*IMAGE, path)
    assert text.returncode == FITS
    assert all(line.isprintable() for line in text.stdout.split("\n"))
    assert os.listdir(path) == []


@pytest.mark.parametrize("locale", ["C", "POSIX", "en_US.ISO-8859-1", "nonsense"])
def test_the_locale_changes_nothing(tmp_path: Path, locale: str) -> None:
    path = bytes(tmp_path) + b"/\xc5\x99\xff"
    os.mkdir(path)
    run = fscaps_(*IMAGE, "--json", path, env=environment(LC_ALL=locale))
    assert (run.returncode, run.stderr) == (FITS, "")
    assert os.fsencode(load(run.stdout).path) == path
    text = fscaps_(*IMAGE, path, env=environment(LC_ALL=locale))
    assert (text.returncode, text.stderr) == (FITS, "")
    assert "\u0159" in text.stdout


def test_a_working_directory_that_is_gone_is_no_obstacle(place: Path, tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    run = shell('cd "$1"; rmdir "$1"; shift; fscaps "$@"', tmp_path / "gone", *IMAGE, place)
    assert (run.returncode, run.stderr) == (FITS, "")


def test_symbolic_links_of_any_length_are_followed(tmp_path: Path) -> None:
    """The kernel follows 40, each of up to 4095 bytes."""
    (tmp_path / "place").mkdir()
    target = "place"
    for number in range(39):
        (tmp_path / f"l{number}").symlink_to("./" * 2000 + target)
        target = f"l{number}"
    run = fscaps_(*IMAGE, "--json", tmp_path / target)
    assert (run.returncode, run.stderr) == (FITS, "")
    report = load(run.stdout)
    assert report.resolved == os.path.realpath(tmp_path / "place")
    assert os.listdir(tmp_path / "place") == []


# --- what is shown --------------------------------------------------------------------------


def test_quiet_is_the_answer_alone(place: Path) -> None:
    run = fscaps_(*IMAGE, "-q", place)
    assert " ".join(run.stdout.split()) == f"{place} can back image metadata."


def test_verbose_tells_of_every_question(place: Path) -> None:
    run = fscaps_("-v", *QUICK, place)
    for probe in probes.every():
        assert f"\n{probe} " in run.stdout


def test_a_role_limits_the_questions_to_what_it_needs(place: Path) -> None:
    report = load(fscaps_(*IMAGE, "--json", place).stdout)
    (role,) = engines.roles(["docker/image"])
    needed = probes.in_order(probe for need in role.needs for probe in need.any_of)
    assert sorted(report.findings) == sorted(probe.id for probe in needed)
    assert list(report.verdicts) == ["docker/image"]


def test_only_and_skip_choose_questions_and_the_rest_is_listed_as_skipped(place: Path) -> None:
    run = fscaps_("--json", "--only", "directory.*", "--skip", "directory.d_*", place)
    report = load(run.stdout)
    assert list(report.findings) != []
    assert set(report.findings) == set(probes.every())
    asked = [one.probe for one in report.findings.values() if one.detail != "not asked, by request"]
    wanted = [
        probe
        for name, probe in probes.every().items()
        if name.startswith("directory.") and not name.startswith("directory.d_")
    ]
    assert sorted(asked) == sorted(probe.id for probe in probes.in_order(wanted))


def shown(arguments: Sequence[str], columns: int, **more: str) -> str:
    """What the command shows on a terminal of so many columns."""
    main, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))
    try:
        run = fscaps_(*arguments, stdout=terminal, env=environment(TERM="xterm", **more))
    finally:
        os.close(terminal)
    assert run.stderr == ""
    text = b""
    try:
        while block := os.read(main, 65536):
            text += block
    except OSError as error:
        assert error.errno == errno.EIO  # what Linux says where the other end is closed
    finally:
        os.close(main)
    return text.decode().replace("\r\n", "\n")


def test_color_on_a_terminal_and_nowhere_else(place: Path) -> None:
    arguments = (*IMAGE, *QUICK, str(place))
    assert "\x1b[" in shown(arguments, 80)
    assert "\x1b" not in shown(("--color", "never", *arguments), 80)
    assert "\x1b" not in fscaps_(*arguments).stdout
    assert "\x1b[" in fscaps_("--color", "always", *arguments).stdout


def test_no_color_in_a_file_even_from_a_terminal(place: Path, tmp_path: Path) -> None:
    assert shown((*IMAGE, *QUICK, "-o", str(tmp_path / "report"), str(place)), 80) == ""
    assert "\x1b" not in (tmp_path / "report").read_text()


def test_json_is_the_same_on_a_terminal(place: Path) -> None:
    assert load(shown((*IMAGE, "--json", str(place)), 40))["docker/image"].fitness.fits


@pytest.mark.parametrize("columns", [0, 1, 50, 80, 500])
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
    plain = fscaps_(*IMAGE, *QUICK, place)
    steered = fscaps_(
        *IMAGE,
        *QUICK,
        place,
        env=environment(
            COLUMNS=columns, LINES=columns, FSCAPS_FORMAT="json", FORCE_COLOR="1", TERM="dumb"
        ),
    )
    assert steered.stdout == plain.stdout
    assert steered.returncode == plain.returncode


# --- without a path -------------------------------------------------------------------------


def test_list_probes_names_each_with_its_question() -> None:
    run = fscaps_("--list", "probes")
    assert (run.returncode, run.stderr) == (FITS, "")
    listed = [line.split(maxsplit=1) for line in run.stdout.splitlines()]
    assert listed == [[name, probe.question] for name, probe in probes.every().items()]


def test_list_engines_names_each_role() -> None:
    run = fscaps_("--list", "engines")
    assert (run.returncode, run.stderr) == (FITS, "")
    listed = [line.split(maxsplit=1) for line in run.stdout.splitlines()]
    assert listed == [[role.id, role.title] for role in engines.roles()]


def test_every_format_listed_can_be_asked_for(place: Path) -> None:
    listed = fscaps_("--list", "formats")
    assert (listed.returncode, listed.stderr) == (FITS, "")
    assert {"json", "text"} <= set(listed.stdout.split())
    for name in listed.stdout.split():
        run = fscaps_(*IMAGE, "--format", name, place)
        assert (run.returncode, run.stderr) == (FITS, "")
        assert run.stdout


@pytest.mark.parametrize("identity", sorted(probes.every()))
def test_explain_tells_what_a_probe_asks_does_and_serves(identity: str) -> None:
    probe = probes.every()[identity]
    text = _catalogue.text(None, identity) or ""
    assert text.startswith(f"{identity}: {probe.question}\n")
    assert " ".join(probe.doc.split()) in " ".join(text.split())
    users = [r.id for r in engines.roles() if any(probe in need.any_of for need in r.needs)]
    assert all(user in text for user in users)
    assert all(capability in text for capability in probe.capabilities)


@pytest.mark.parametrize("role", engines.roles(), ids=lambda role: role.id)
def test_explain_tells_what_a_role_needs_and_why(role: fscaps.Role) -> None:
    text = _catalogue.text(None, role.id) or ""
    assert text.startswith(f"{role.id}: {role.title}\n")
    for need in role.needs:
        assert need.because in text
        assert need.source in text
        assert all(probe.id in text for probe in need.any_of)


def test_explain_from_the_command_line() -> None:
    for identity in ("xattr.trusted", "docker/image"):
        run = fscaps_("--explain", identity)
        assert (run.returncode, run.stderr) == (FITS, "")
        assert run.stdout == _catalogue.text(None, identity)


def test_schema_is_the_file_beside_the_renderer() -> None:
    run = fscaps_("--schema")
    assert (run.returncode, run.stderr) == (FITS, "")
    assert run.stdout == json_format.schema()
    assert json.loads(run.stdout)["title"] == "fscaps report"


def test_version_is_the_package_s() -> None:
    run = fscaps_("--version")
    assert (run.returncode, run.stderr) == (FITS, "")
    assert run.stdout == f"fscaps {fscaps.__version__}\n"


@pytest.mark.parametrize("columns", ["80", "20", "nonsense"])
def test_help_tells_every_option_and_exit_status(columns: str) -> None:
    run = fscaps_("--help", env=environment(COLUMNS=columns))
    assert (run.returncode, run.stderr) == (FITS, "")
    for option in ("--for", "--json", "--output", "--timeout", "--strict", "--explain", "--schema"):
        assert option in run.stdout
    for number in (0, 1, 2, 3, 4, 69, 70):
        assert f"\n{number:>3}  " in run.stdout


def test_an_interruption_ends_quietly_and_leaves_nothing(place: Path) -> None:
    """Ctrl-C: the shell's status for SIGINT, no traceback, and the scratch directory is gone."""
    code = f"""
    import os, signal, sys
    from fscaps import _cli
    class Interrupted(_cli._Progress):
        def __call__(self, finding):
            os.kill(os.getpid(), signal.SIGINT)
    _cli._Progress = Interrupted
    sys.exit(_cli.main([{str(place)!r}]))
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 128 + signal.SIGINT
    assert (run.stdout, run.stderr) == ("", "")
