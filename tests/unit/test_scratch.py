"""What a killed run left is swept by the next one, and nothing else is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from fscaps import Outcome, survey
from fscaps._linux import system
from fscaps._linux.directory import Directory
from fscaps._sandbox import scratch, worker

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")

ONE = ("directory.writable",)
NOBODY = 65534
HOUR = 3600


def name(
    *,
    boot: str | None = None,
    namespace: str | None = None,
    pid: int | None = None,
    start: str | None = None,
) -> str:
    """The name of a scratch directory of this process, or of another's where one is told."""
    owner = os.getpid() if pid is None else pid
    parts = (
        system.boot_id() if boot is None else boot,
        system.pid_namespace() if namespace is None else namespace,
        str(owner),
        system.process_start(owner) if start is None else start,
    )
    return f".fscaps-{'-'.join(parts)}-0123456789abcdef"


def dead() -> str:
    """The name of one of a process that has ended."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return name(pid=ended.pid, start="1")


def recycled() -> str:
    """The name of one of an earlier process that had the pid of a living one."""
    return name(start="1")


def marked(place: Path) -> Path:
    """A scratch directory as a run leaves it when it is killed."""
    place.mkdir(0o700)
    (place / place.name).touch(0o600)
    return place


def alien_hour_ago() -> str:
    """The name of one of another boot, long ago; see aged()."""
    return name(boot="0123456789ab", pid=1, start="1")


def swept(place: Path) -> list[str]:
    """What one run leaves in the place; it must tell of each directory that it removed."""
    before = set(os.listdir(place))
    report = survey(place, only=ONE)
    gone = before - set(os.listdir(place))
    for one in gone:
        assert any(one in warning for warning in report.warnings)
    assert len(report.warnings) == len(gone)
    return sorted(os.listdir(place))


def test_a_new_name_says_whose_it_is_and_cannot_be_guessed() -> None:
    names = {scratch.new_name() for _ in range(100)}
    assert len(names) == 100
    owner = re.escape(name()[: -len("0123456789abcdef")])
    assert all(re.fullmatch(owner + "[0-9a-f]{16}", one) for one in names)


@pytest.mark.parametrize("whose", [dead, recycled])
def test_what_a_dead_process_left_is_swept(tmp_path: Path, whose: Callable[[], str]) -> None:
    left = marked(tmp_path / whose())
    (left / "work" / "work").mkdir(parents=True)
    (left / "file").write_text("content")
    (left / "dangling").symlink_to("nowhere")
    os.mkfifo(left / "fifo")
    (left / "work" / "work").chmod(0)  # as overlay leaves it
    assert swept(tmp_path) == []


def test_links_out_of_what_is_swept_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    left = marked(tmp_path / dead())
    (left / "link").symlink_to(tmp_path / "precious")
    assert swept(tmp_path) == ["precious"]
    assert os.listdir(tmp_path / "precious") == ["file"]


def test_what_a_living_process_uses_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / name()).mkdir()
    assert swept(tmp_path) == [name()]


@pytest.mark.parametrize("other", [{"boot": "0123456789ab"}, {"namespace": "1"}])
def test_what_another_machine_or_container_made_is_swept_only_when_it_is_old(
    tmp_path: Path, other: dict[str, str]
) -> None:
    """A pid of theirs means nothing here, so only its age can tell that its run is over."""
    left = tmp_path / name(pid=1, start="1", **other)
    left.mkdir()
    assert swept(tmp_path) == [left.name]
    long_ago = left.stat().st_mtime - 2 * HOUR
    os.utime(left, (long_ago, long_ago))
    assert swept(tmp_path) == []


def test_what_is_old_but_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / name()).mkdir()
    os.utime(tmp_path / name(), (0, 0))
    assert swept(tmp_path) == [name()]


def test_a_symlink_of_that_name_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    link = dead()
    (tmp_path / link).symlink_to("precious")
    assert swept(tmp_path) == sorted([link, "precious"])
    assert os.listdir(tmp_path / "precious") == ["file"]


def test_a_file_of_that_name_is_left_alone(tmp_path: Path) -> None:
    file = dead()
    (tmp_path / file).write_text("kept")
    assert swept(tmp_path) == [file]
    assert (tmp_path / file).read_text() == "kept"


@pytest.mark.parametrize(
    "alien",
    [
        ".fscaps-x",
        ".fscaps-",
        ".fscaps",
        "fscaps-0-0-0-0-0123456789abcdef",
        ".fscaps-0-0-0-0-0123456789abcde",
        ".fscaps-0-0-0-0-0123456789abcdef0",
        ".fscaps-0-0-0-0-0123456789ABCDEF",
        ".fscaps-0-0-x-0-0123456789abcdef",
        ".fscaps-0-0-0-0-0123456789abcdef.bak",
        ".fscaps-0-0-0-0-0123456789abcdef\n",
    ],
)
def test_a_directory_of_another_name_is_left_alone(tmp_path: Path, alien: str) -> None:
    (tmp_path / alien).mkdir()
    os.utime(tmp_path / alien, (0, 0))
    assert swept(tmp_path) == [alien]


@ROOT
@pytest.mark.parametrize("what", ["it", "mark"])
def test_what_belongs_to_another_user_is_left_alone(tmp_path: Path, what: str) -> None:
    """In a directory such as /tmp anybody can make one of that name."""
    left = marked(tmp_path / dead())
    (left / "precious").touch()
    os.chown(left if what == "it" else left / left.name, NOBODY, NOBODY)
    report = survey(tmp_path, only=ONE)
    assert (left / "precious").exists()
    assert bool(report.warnings) == (what == "mark")


@pytest.mark.parametrize("mode", [0o1777, 0o777, 0o775, 0o770, 0o755, 0o750])
def test_what_is_open_to_others_is_left_alone(tmp_path: Path, mode: int) -> None:
    """Who owns the probed directory and may write to it can mark it, and rename it."""
    left = marked(tmp_path / dead())
    (left / "precious").touch()
    left.chmod(mode)
    report = survey(tmp_path, only=ONE)
    assert (left / "precious").exists()
    assert any("left alone" in warning for warning in report.warnings)


def test_what_others_can_pass_is_swept(tmp_path: Path) -> None:
    """As mode.others leaves it if it is killed."""
    marked(tmp_path / dead()).chmod(0o711)
    assert swept(tmp_path) == []


@pytest.mark.parametrize("how", ["linked", "filled"])
def test_what_another_file_marks_is_left_alone(tmp_path: Path, how: str) -> None:
    """Ours is empty, and has no second name."""
    left = marked(tmp_path / dead())
    (left / "precious").touch()
    if how == "linked":
        os.link(left / left.name, tmp_path / "link")
    else:
        (left / left.name).write_text("content")
    report = survey(tmp_path, only=ONE)
    assert (left / "precious").exists()
    assert any("left alone" in warning for warning in report.warnings)


def test_one_that_is_left_alone_keeps_no_other_from_being_swept(tmp_path: Path) -> None:
    alone = [marked(tmp_path / dead()) for _ in range(2)]
    gone = [marked(tmp_path / dead()) for _ in range(4)]
    for one in alone:
        one.chmod(0o777)
    report = survey(tmp_path, only=ONE)
    assert len(report.warnings) == len(gone) + 1
    assert {one for one in tmp_path.iterdir() if one.name.startswith(".fscaps-")} == set(alone)


def test_a_tree_deeper_than_ours_is_told_and_the_rest_is_asked(tmp_path: Path) -> None:
    """Nobody but its owner can have made it; that is no reason to fail at every survey."""
    left = marked(tmp_path / dead())
    at = os.open(left, os.O_RDONLY)
    for _ in range(600):
        os.mkdir("deep", dir_fd=at)
        below = os.open("deep", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(at)
    report = survey(tmp_path, only=ONE)
    assert report.findings[ONE[0]].outcome is Outcome.YES
    (told,) = report.warnings
    assert "deeper" in told
    subprocess.run(["rm", "-r", left], check=True)


def test_a_tree_as_deep_as_ours_is_removed(tmp_path: Path) -> None:
    left = marked(tmp_path / dead())
    (left / "overlay/merged/work/work/incompat/volatile/index/x").mkdir(parents=True)
    assert swept(tmp_path) == []


@pytest.mark.parametrize("mark", [True, False])
def test_what_was_not_told_is_removed_only_while_it_is_new(tmp_path: Path, *, mark: bool) -> None:
    """A process that dies before it could tell which directory it made has put nothing in it."""
    place = tmp_path / dead()
    place.mkdir(0o700)
    if mark:
        (place / place.name).touch()
    (place / "precious").touch()
    with Directory(os.open(tmp_path, os.O_RDONLY)) as target:
        with pytest.raises(PermissionError):
            scratch.remove_by_name(target, place.name, ())
        assert (place / "precious").exists()
        (place / "precious").unlink()
        scratch.remove_by_name(target, place.name, ())
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("differs", range(3))
def test_only_the_directory_that_was_made_is_removed_by_its_name(
    tmp_path: Path, differs: int
) -> None:
    """Its device, inode and owner tell; an inode alone could be had by another, later."""
    place = marked(tmp_path / dead())
    (place / "file").touch()
    status = place.stat()
    told = [status.st_dev, status.st_ino, status.st_uid]
    other = [number + (nth == differs) for nth, number in enumerate(told)]
    with Directory(os.open(tmp_path, os.O_RDONLY)) as target:
        with pytest.raises(PermissionError):
            scratch.remove_by_name(target, place.name, tuple(other))
        assert (place / "file").exists()
        scratch.remove_by_name(target, place.name, tuple(told))
    assert os.listdir(tmp_path) == []


def test_a_scratch_directory_is_private_whatever_the_umask(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        with Directory(os.open(tmp_path, os.O_RDONLY)) as target:
            made, _ = scratch.make(target, "made")
            mode = (tmp_path / "made").stat().st_mode
            scratch.remove(target, "made", made)
    finally:
        os.umask(umask)
    assert mode & 0o7777 == 0o700
    assert os.listdir(tmp_path) == []


def test_a_name_that_is_taken_is_never_used(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "link").symlink_to("taken")
    with Directory(os.open(tmp_path, os.O_RDONLY)) as target:
        for taken in ("taken", "link"):
            with pytest.raises(FileExistsError):
                scratch.make(target, taken)


@pytest.mark.parametrize("marks", [(), ("other",), ("folder",)])
def test_what_only_bears_the_name_is_left_alone(tmp_path: Path, marks: tuple[str, ...]) -> None:
    """The directory's owner can rename what we own in it, and must not have us delete it."""
    posing = tmp_path / dead()
    posing.mkdir()
    (posing / "precious").touch()
    for mark in marks:
        (posing / (posing.name if mark == "folder" else mark)).mkdir()
    report = survey(tmp_path, only=ONE)
    assert (posing / "precious").exists()
    assert any("left alone" in warning for warning in report.warnings)


def test_an_empty_one_without_a_mark_is_swept(tmp_path: Path) -> None:
    """One that was killed between making and marking it."""
    (tmp_path / dead()).mkdir()
    assert swept(tmp_path) == []


def _open_it(made: Path) -> None:
    made.chmod(0o777)


def _let_them_look(made: Path) -> None:
    made.chmod(0o755)


def _give_it_away(made: Path) -> None:
    os.chown(made, 65534, 65534)


@pytest.mark.parametrize("quicker", [True, False])
def test_what_another_removed_first_is_not_claimed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    quicker: bool,  # noqa: FBT001 - a parameter
) -> None:
    """A survey beside ours ends after its process was seen to be gone and before the removal."""
    left, leftovers = marked(tmp_path / dead()), scratch.leftovers
    told: list[object] = []

    def seen(target: Directory, now: float) -> list[str]:
        found = leftovers(target, now)
        if quicker:
            shutil.rmtree(left)
        return found

    monkeypatch.setattr(scratch, "leftovers", seen)
    monkeypatch.setattr(worker, "_tell", lambda _event, **body: told.append(body["text"]))
    with Directory(os.open(tmp_path, os.O_RDONLY)) as target:
        made, _ = scratch.make(target, "made")
        worker._sweep(target, made)
        scratch.remove(target, "made", made)
    assert told == ([] if quicker else [f"removed {left.name}, which an earlier run left behind"])
    assert os.listdir(tmp_path) == []


@ROOT
@pytest.mark.parametrize("trick", [_open_it, _let_them_look, _give_it_away])
def test_what_was_put_in_its_place_is_not_worked_in(
    tmp_path: Path, trick: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A neighbour is quicker; what he does comes with the call that makes the directory."""
    make = Directory.make

    def swapped(target: Directory, name: str, mode: int = 0o700) -> None:
        make(target, name, mode)
        if name == "made":
            trick(tmp_path / name)

    monkeypatch.setattr(Directory, "make", swapped)
    with Directory(os.open(tmp_path, os.O_RDONLY)) as target, pytest.raises(PermissionError):
        scratch.make(target, "made")
    assert os.listdir(tmp_path) == []
