"""What fscaps says that dockerd says, beside what it was recorded to say: lab/results."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest

from fscaps import Fitness
from lab import results, unseen
from lab.foretold import OTHERWISE, foretold, is_said, lines
from lab.judging import compared
from lab.outcome import Level
from lab.results import FINDINGS, ROWS

if TYPE_CHECKING:
    from lab.judging import Compared
    from lab.results import Row


@functools.lru_cache(maxsize=None)
def _unfit() -> list[Compared]:
    """What dockerd could not work with, as fscaps says as well of that version."""
    every = compared(results.read(ROWS), results.read(FINDINGS))
    untuned = unseen.names()
    return [
        one
        for one in every
        if one.row["filesystem"] not in untuned
        and one.row["role"].startswith("docker/")
        and one.row["level"] in {Level.NO.value, Level.TRIVIAL.value}
        and one.verdict
        and one.verdict.fitness is Fitness.UNSUITABLE
    ]


def _words(row: Row) -> list[str]:
    return [row["words"], *row["complaints"]]


def test_dockerd_says_what_fscaps_said_that_it_would() -> None:
    otherwise = {
        (one.row["filesystem"], one.row["role"])
        for one in _unfit()
        if one.verdict and not foretold(one.verdict, _words(one.row))
    }
    assert otherwise == set(OTHERWISE)


@pytest.mark.parametrize("start", ["failed to mount overlay: ", "failed to create symlink: "])
def test_no_call_fails_otherwise_than_was_said(start: str) -> None:
    """Where dockerd names the call that fscaps named, it is with the same errno."""
    told = [
        (one.row["filesystem"], one.row["role"], line)
        for one in _unfit()
        if one.verdict and start in (said := "\n".join(_words(one.row)))
        for line in lines(one.verdict)
        if line.startswith(start) and not is_said(line, said)
    ]
    assert told == []


@pytest.mark.parametrize(
    ("line", "words", "said"),
    [
        ("chmod …: invalid argument", "level=error\nchmod /x: invalid argument", True),
        ("chmod …: invalid argument", "chmod /x: invalid", False),
        ("chmod …: invalid argument", "chmod /x:\ninvalid argument", False),
        ("chmod …: invalid argument", "lchmod /x: invalid argument", False),
        ("invalid argument", 'error="invalid argument"', True),
        ("invalid argument", "invalid arguments", False),
        ("failed to mknod(…, S_IFCHR, 0): input/output error", "", False),
    ],
)
def test_a_line_is_said_whole(line: str, words: str, said: bool) -> None:  # noqa: FBT001
    assert is_said(line, words) is said
