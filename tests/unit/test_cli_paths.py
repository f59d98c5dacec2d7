"""The command: any path, given in any way, in any surroundings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from unit.running import (
    FITS,
    IMAGE,
    QUICK,
    UNASKED,
    environment,
    run,
    shell,
)

from fscaps import load

if TYPE_CHECKING:
    from pathlib import Path

# --- several paths, and how they are given --------------------------------------------------


def test_several_paths_are_one_object_a_line(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    ended = run(*IMAGE, "--json", "a", "b", cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (FITS, "")
    assert [load(line).path for line in ended.stdout.splitlines()] == ["a", "b"]


def test_one_path_that_cannot_be_asked_does_not_keep_the_others_from_it(place: Path) -> None:
    ended = run(*IMAGE, "--json", place / "nowhere", place)
    assert ended.returncode == UNASKED
    assert load(ended.stdout).path == str(place)
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize(("given", "end"), [("place", ""), (".", "/.."), ("../cwd/place/.", "")])
def test_a_relative_path_is_relative_to_where_one_is(tmp_path: Path, given: str, end: str) -> None:
    here = tmp_path / "cwd"
    (here / "place").mkdir(parents=True)
    ended = run(*QUICK, "--json", given, cwd=here)
    report = load(ended.stdout)
    assert report.path == given
    assert report.resolved == os.path.realpath(f"{here}/place{end}")


def test_a_symbolic_link_is_followed_and_shown(tmp_path: Path) -> None:
    (tmp_path / "place").mkdir()
    (tmp_path / "second").symlink_to("place")
    (tmp_path / "first").symlink_to(tmp_path / "second")
    report = load(run(*QUICK, "--json", "first", cwd=tmp_path).stdout)
    assert report.resolved == os.path.realpath(tmp_path / "place")
    base = os.path.realpath(tmp_path)
    assert report.links[-2:] == (
        f"{base}/first -> {tmp_path}/second",
        f"{base}/second -> place",
    )


def test_a_path_that_begins_with_a_dash_comes_after_two(tmp_path: Path) -> None:
    (tmp_path / "-q").mkdir()
    ended = run(*IMAGE, "--json", "--", "-q", cwd=tmp_path)
    assert ended.returncode == FITS
    assert load(ended.stdout).path == "-q"


@pytest.mark.parametrize("name", [b"a\nb", b"\xff\xfe", b"\x1b[2J", b" ", b"%s{}", b"\xc5\x99 x"])
def test_a_directory_of_any_name_can_be_asked(tmp_path: Path, name: bytes) -> None:
    path = bytes(tmp_path) + b"/" + name
    os.mkdir(path)
    ended = run(*IMAGE, "--json", path)
    assert (ended.returncode, ended.stderr) == (FITS, "")
    report = load(ended.stdout)
    assert os.fsencode(report.path) == path
    assert os.fsencode(report.resolved or "") == os.path.realpath(path)
    text = run(*IMAGE, path)
    assert text.returncode == FITS
    assert all(line.isprintable() for line in text.stdout.split("\n"))
    assert os.listdir(path) == []


@pytest.mark.parametrize("locale", ["C", "POSIX", "en_US.ISO-8859-1", "nonsense"])
def test_the_locale_changes_nothing(tmp_path: Path, locale: str) -> None:
    path = bytes(tmp_path) + b"/\xc5\x99\xff"
    os.mkdir(path)
    ended = run(*IMAGE, "--json", path, env=environment(LC_ALL=locale))
    assert (ended.returncode, ended.stderr) == (FITS, "")
    assert os.fsencode(load(ended.stdout).path) == path
    text = run(*IMAGE, path, env=environment(LC_ALL=locale))
    assert (text.returncode, text.stderr) == (FITS, "")
    assert "\u0159" in text.stdout


def test_a_working_directory_that_is_gone_is_no_obstacle(place: Path, tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    ended = shell('cd "$1"; rmdir "$1"; shift; fscaps "$@"', tmp_path / "gone", *IMAGE, place)
    assert (ended.returncode, ended.stderr) == (FITS, "")


def test_symbolic_links_of_any_length_are_followed(tmp_path: Path) -> None:
    """The kernel follows 40, each of up to 4095 bytes."""
    (tmp_path / "place").mkdir()
    target = "place"
    for number in range(39):
        (tmp_path / f"l{number}").symlink_to("./" * 2000 + target)
        target = f"l{number}"
    ended = run(*IMAGE, "--json", tmp_path / target)
    assert (ended.returncode, ended.stderr) == (FITS, "")
    report = load(ended.stdout)
    assert report.resolved == os.path.realpath(tmp_path / "place")
    assert os.listdir(tmp_path / "place") == []
