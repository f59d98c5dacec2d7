"""The command: an exit status for each answer, one line for each complaint, never a traceback."""

from __future__ import annotations

import errno
import glob
import os
import signal
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from unit import nouns
from unit.running import (
    FITS,
    IMAGE,
    PARTLY,
    QUICK,
    UNASKED,
    UNESTABLISHED,
    UNFIT,
    command,
    complaint,
    execute,
    python,
    run,
    unprivileged,
)

import fscaps
from fscaps import Fitness, Verdict, load
from fscaps._cli.command import _worst, status

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


# --- paths that cannot be asked -------------------------------------------------------------


def test_no_such_path(place: Path) -> None:
    line = complaint(run(place / "nowhere"))
    assert f"{place}/nowhere: {os.strerror(errno.ENOENT)}" in line


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert os.strerror(errno.ENOTDIR) in complaint(run(tmp_path / "file"))
    assert os.strerror(errno.ENOTDIR) in complaint(run(tmp_path / "file" / "below"))


def test_a_dangling_symlink(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    assert os.strerror(errno.ENOENT) in complaint(run(tmp_path / "link"))


def test_a_looping_symlink(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("link")
    assert os.strerror(errno.ELOOP) in complaint(run(tmp_path / "link"))


def test_a_device_and_a_fifo_are_no_directories_and_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", Path("/dev/null")):
        assert os.strerror(errno.ENOTDIR) in complaint(run(path))


def test_an_empty_path() -> None:
    assert "empty" in complaint(run(""))


def test_a_name_that_is_too_long(place: Path) -> None:
    assert os.strerror(errno.ENAMETOOLONG) in complaint(run(place / ("x" * 300)))


def test_a_path_that_is_too_long(place: Path) -> None:
    for repeated in (3_000, 40_000):  # longer than a path may be, longer than a pipe holds
        assert "too long" in complaint(run(f"{place}/" + "./" * repeated))


def test_a_missing_path_of_any_bytes_is_one_line(place: Path) -> None:
    line = complaint(run(bytes(place) + b"/no\nsuch\x1b[2J\xff"))
    assert r"/no\nsuch\x1b[2J\udcff: " in line


def test_a_path_with_nul_cannot_be_asked() -> None:
    """The kernel takes no such argument, but a caller of main() may hand one over."""
    code = "import sys; from fscaps._cli import main; sys.exit(main(['a\\0b']))"
    ended = python(code)
    assert r"a\x00b: a path cannot contain a NUL byte" in complaint(ended)


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
        (("/tmp", "--for", "buildah"), "buildah; podman/overlay answers for it"),
        (("/tmp", "--for", "cri-o@1.30"), "cri-o@1.30; podman/overlay answers for it"),
        (("/tmp", "--for", "Kubernetes"), "Kubernetes; containerd/overlayfs answers for it"),
        (("/tmp", "--format", "yaml"), "yaml"),
        (("/tmp", "--format", "../text"), "../text"),
        (("/tmp", "--format", ""), "format"),
        (("/tmp", "--bogus"), "--bogus"),
        (("/tmp", "--verb"), "--verb"),  # no guessing: an abbreviation may mean another later
        (("/tmp", "--bog\nus\x1b[2J"), r"--bog\nus\x1b[2J"),
        (("/tmp", "--timeout", "soon"), "soon"),
        (("/tmp", "--timeout", "0"), "0"),
        (("/tmp", "--timeout", "-1"), "-1"),
        (("/tmp", "--timeout=-1"), "-1"),
        (("/tmp", "--timeout", "nan"), "nan"),
        (("/tmp", "--timeout", "inf"), "inf"),
        (("/tmp", "--deadline", "0"), "0"),
        (("/tmp", "--deadline", "nan"), "nan"),
        (("/tmp", "--mount", "perhaps"), "perhaps"),
        (("/tmp", "--color", "red"), "red"),
        (("--list", "everything"), "everything"),
        (("/tmp", "-o"), "-o"),
    ],
)
def test_a_bad_argument_is_one_line(arguments: Sequence[str], words: str) -> None:
    assert words in complaint(run(*arguments))


@pytest.mark.parametrize("output", ["nowhere/report", ".", "a-file/report"])
def test_a_report_that_cannot_be_written_is_one_line(tmp_path: Path, output: str) -> None:
    (tmp_path / "a-file").touch()
    (tmp_path / "place").mkdir()
    ended = run(*IMAGE, *QUICK, "place", "-o", output, cwd=tmp_path)
    assert "could not be written" in complaint(ended)


# --- exit statuses --------------------------------------------------------------------------


def test_0_if_all_that_was_asked_for_fits(place: Path) -> None:
    ended = run(*IMAGE, place)
    assert (ended.returncode, ended.stderr) == (FITS, "")
    assert " ".join(ended.stdout.split()).startswith(f"{place} can back image metadata.")


@pytest.fixture
def unfit(tmp_path: Path) -> Iterator[Path]:
    """A directory that dockerd cannot use whoever asks: its name would end a mount option."""
    unfit = tmp_path / "a,b"
    unfit.mkdir()
    yield unfit
    assert os.listdir(unfit) == []


def test_1_if_nothing_that_was_asked_for_fits(unfit: Path) -> None:
    ended = run("--for", "docker/data-root", *QUICK, unfit)
    assert (ended.returncode, ended.stderr) == (UNFIT, "")
    assert "a whole Docker data-root" in " ".join(ended.stdout.split())


def test_3_if_some_fits_and_some_does_not(unfit: Path) -> None:
    ended = run("--for", "docker/data-root", *IMAGE, unfit)
    assert (ended.returncode, ended.stderr) == (PARTLY, "")


def test_4_if_something_could_not_be_established(place: Path) -> None:
    ended = run("--for", "docker/data-root", *QUICK, place)
    assert (ended.returncode, ended.stderr) == (UNESTABLISHED, "")
    assert "could not be established" in " ".join(ended.stdout.split())


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


@pytest.fixture
def common() -> Iterator[Path]:
    """A directory that anybody can reach and write to."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o777)
        yield Path(name)
        assert os.listdir(name) == []


def test_without_privilege_a_data_root_is_not_known_to_fit_and_not_called_unfit(
    common: Path,
) -> None:
    ended = unprivileged(command("--for", "docker/data-root", "--json", common))
    assert (ended.returncode, ended.stderr) == (UNESTABLISHED, "")
    report = load(ended.stdout)
    assert report["docker/data-root"].fitness is Fitness.UNDETERMINED
    assert report.findings["node.device"].reason is fscaps.Reason.PRIVILEGE


def test_a_directory_that_may_not_be_read_is_no_error(common: Path) -> None:
    """What takes reading it is unknown for want of rights; the rest is asked, and all removed."""
    place = common / "unread"
    place.mkdir()
    place.chmod(0o333)
    try:
        report = load(unprivileged(command("--for", "docker", "--json", place)).stdout)
    finally:
        place.rmdir()
    assert report.findings["directory.writable"].outcome is fscaps.Outcome.YES
    assert report.findings["directory.changeable"].reason is fscaps.Reason.PRIVILEGE
    assert report.warnings == ()


def test_without_privilege_what_needs_none_is_established(common: Path) -> None:
    ended = unprivileged(command(*IMAGE, common))
    assert (ended.returncode, ended.stderr) == (FITS, "")


def test_without_privilege_it_is_told_what_nobody_may_enter(common: Path) -> None:
    closed = common / "closed"
    closed.mkdir(mode=0)
    try:
        ended = unprivileged(command(closed / "below"))
    finally:
        closed.rmdir()
    assert os.strerror(errno.EACCES) in complaint(ended)


def posing_as(*version: int) -> list[str]:
    """A command line on which our Python says that it is of this version."""
    code = f"""
    import runpy, sys
    sys.version_info = {(*version, "final", 0)}
    sys.argv = ["-m", "/tmp"]
    runpy.run_module("fscaps", run_name="__main__", alter_sys=True)
    """
    return [sys.executable, "-c", textwrap.dedent(code)]


_REAL = [
    [path, "-m", "fscaps", "/tmp"]
    for pattern in ("/usr/bin/python3.[4-8]", "~/.pyenv/versions/[23].[4-8].*/bin/python")
    for path in sorted(glob.glob(os.path.expanduser(pattern)))
]
"""Those that are installed here."""


@pytest.mark.parametrize("old", [posing_as(3, 8, 18), posing_as(3, 6, 15), *_REAL])
def test_69_if_python_is_too_old(old: list[str]) -> None:
    ended = execute(old)
    assert (ended.returncode, ended.stdout) == (69, "")
    (line,) = ended.stderr.splitlines()
    assert "needs Python 3.9" in line


def test_an_import_by_a_python_that_is_too_old_is_an_import_error() -> None:
    """An installer that imports us is not ended."""
    code = (
        "import sys; sys.version_info = (3, 8, 0, 'final', 0)\n"
        "try:\n    import fscaps\nexcept ImportError as error:\n    print(error)"
    )
    ended = python(code)
    assert "needs Python 3.9" in ended.stdout


OTHER_SYSTEM = """
import os, sys
sys.platform = {system!r}
if sys.platform == "win32":
    for name in ("fcntl", "grp", "pwd", "resource", "select", "termios"):
        sys.modules[name] = None
    for name in [name for name in vars(os) if name.startswith(("O_", "posix_spawn", "POSIX"))]:
        delattr(os, name)
"""


@pytest.mark.parametrize("system", ["darwin", "win32"])
@pytest.mark.parametrize("arguments", [("/tmp",), ("--list", "probes"), ("--explain", "x"), ()])
def test_2_and_one_line_where_it_is_not_linux(system: str, arguments: Sequence[str]) -> None:
    """Nothing is loaded first that only Linux has, which would end in 1: *unfit*."""
    code = OTHER_SYSTEM.format(system=system) + (
        "import runpy\n"
        f"sys.argv = ['fscaps', *{arguments!r}]\n"
        "runpy.run_module('fscaps', run_name='__main__', alter_sys=True)"
    )
    assert complaint(python(code)) == f"fscaps: this runs on Linux only, not on {system}"


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_a_program_elsewhere_gets_a_platform_error(system: str) -> None:
    """It may import us, read a saved report, and catch what survey() raises."""
    code = OTHER_SYSTEM.format(system=system) + (
        "import fscaps\nassert fscaps.load\n"
        "try:\n    fscaps.survey('/tmp')\nexcept fscaps.PlatformError as error:\n    print(error)"
    )
    ended = python(code)
    assert (ended.stdout, ended.stderr) == (f"fscaps runs on Linux only, not on {system}\n", "")


def test_70_and_one_line_for_a_bug(place: Path) -> None:
    code = f"""
    import sys
    from fscaps import _cli
    from fscaps._cli import command
    def broken(*_args, **_kwargs):
        raise ZeroDivisionError("a\\nb")
    command.survey = broken
    sys.exit(_cli.main([{str(place)!r}]))
    """
    ended = python(code)
    assert "ZeroDivisionError" in complaint(ended, 70)


def test_an_interruption_ends_quietly_and_leaves_nothing(place: Path) -> None:
    """Ctrl-C: the shell's status for SIGINT, no traceback, and the scratch directory is gone."""
    code = f"""
    import os, signal, sys
    from fscaps import _cli
    from fscaps._cli import command
    signal.signal(signal.SIGINT, signal.default_int_handler)  # nohup's children ignore it
    class Interrupted(command.Progress):
        def __call__(self, probe):
            os.kill(os.getpid(), signal.SIGINT)
    command.Progress = Interrupted
    sys.exit(_cli.main([{str(place)!r}]))
    """
    ended = python(code)
    assert ended.returncode == 128 + signal.SIGINT
    assert (ended.stdout, ended.stderr) == ("", "")
