"""The course: what is lost, and where it is over because a container's own work went wrong."""

from __future__ import annotations

import subprocess

import pytest

from lab import results
from lab.course import exercise_words, faithful
from lab.outcome import Stopped
from lab.results import ROWS


def _done(said: str, status: int = 1) -> subprocess.CompletedProcess[str]:
    return subprocess.CompletedProcess([], status, f"{said}\n", "")


@pytest.mark.parametrize(
    "said",
    [
        "a deleted file: false",
        "a directory made again is empty: false",
        "a renamed directory: grep: course-renamed-dir/deep/inside: No such file or directory",
        "a replaced file in the volume: false",
        "a directory was not deleted",
    ],
)
def test_a_container_in_which_work_went_wrong_is_no_loss(said: str) -> None:
    with pytest.raises(Stopped) as stopped:
        exercise_words("change", _done(said))
    assert (stopped.value.step, stopped.value.words) == ("change", said)


@pytest.mark.parametrize(
    "seen",
    [
        "'data/old': there, but should not be",
        "'vol/owned': owner 0:0, not 200000:200000",
        "'vol/setuid': mode 6757, not 6755",
    ],
)
def test_an_image_whose_files_are_anothers_is_no_loss(seen: str) -> None:
    with pytest.raises(Stopped):
        faithful(["'bin': another time", seen])


@pytest.mark.parametrize(
    "seen",
    [
        "'bin': another time",
        "'bin': owner 0:1000, not 0:0",
        "'bin': mode 2755, not 755",
        "'vol/setuid': mode 755, not 6755",
    ],
)
def test_an_image_of_which_something_is_not_kept_goes_on(seen: str) -> None:
    assert faithful([seen]) == [seen]


def test_what_is_committed_wrongly_is_lost() -> None:
    assert exercise_words("committed", _done("a deleted file: false")) == [
        "committed: a deleted file: false"
    ]


def test_what_is_not_kept_is_lost() -> None:
    assert exercise_words("change", _done("a mode: false")) == ["change: a mode: false"]


def test_no_recorded_container_in_which_work_went_wrong_is_a_yes() -> None:
    for row in results.read(ROWS):
        for loss in row["losses"]:
            step, _, said = loss.partition(": ")
            exercise_words(step, _done(said))
