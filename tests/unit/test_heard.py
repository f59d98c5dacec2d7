"""All that engines were heard to say is known to --explain, and no cause that holds is refuted.

What is not known stands here, each with its reason.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fscaps import Fitness, Standing, engines, judge, messages
from fscaps._explain import recognise
from lab import results, unseen
from lab.answers import answers as findings_of
from lab.judging import _named as named
from lab.results import FINDINGS, ROWS
from lab.roles import ROLES

if TYPE_CHECKING:
    from fscaps.findings import Finding
    from lab.results import Row

HEARD = (Path(__file__).parent / "heard.txt").read_text(encoding="utf-8").splitlines()[1:]

# How an entry of `says` begins that no message is recognised in.
SAYS_NOTHING = {
    "(nothing: ": "the engine says nothing, and that is what is told",
}
# What is in recorded words that say nothing of storage.
NO_FAULT = {
    "there, but should not be": "the lab's own words for a file that came back",
    "owner 0:0, not 200000:200000": "the lab's own words for a file that is another's",
    "error encoding request for copier subprocess": "the copier has died; why is not said",
    "a deleted directory: false": "the lab's own words for a listing that fails in a container",
    "no answer": "the lab's own words for an engine that hung",
    "error reading the kernel parameter net.ipv4.vs.": "swarm misses IPVS, and goes on without",
}
NOT_EXPLAINED = {
    "copy_file_range returned 0 with 5 bytes remaining": "no role of fscaps' needs it",
    "failed check for fsverity support": "fs-verity: composefs alone uses it, of which is no role",
    "failed to enable integrity for blob": "as above",
    "fsverity is not enabled on /x": "as above",
    "composefs is not supported in user namespaces": "composefs: of which is no role",
    "composefs helper program not found": "as above",
    "failed to clear IMMUTABLE_FL: error getting inode flags: inappropriate ioctl for device": (
        "the erofs snapshotter: of which is no role"
    ),
    "dmverity_mode is 'on' but dm-verity is not supported on this system": "as above",
    "userns remapping enabled, disabling containerd snapshotter": "a setting, and no fault",
    "failed to initialize image identity bbolt cache backend": "says no cause; the next words do",
    "bolt.Open hangs": "a description, and no text",
}


def is_known(text: str) -> bool:
    return any(causes for _, _, causes in recognise(text))


# --- what needs foretell ---------------------------------------------------------------------

SAYS = sorted(
    {line for role in engines.roles() for need in role.needs for line in need.says.splitlines()}
)


ERRORS = (
    *("operation not supported", "operation not permitted", "invalid argument"),
    *("input/output error", "permission denied"),
)


def filled(line: str, error: str) -> str:
    """A line with something in each place that was left out."""
    line = re.sub("…$", error, re.sub(r"…(?=\w|{error})", "x: ", line)).replace("…", "/x/y")
    return line.replace("{error}", error).replace("{Error}", error.capitalize())


@pytest.mark.parametrize("line", SAYS)
def test_what_an_engine_is_foretold_to_say_can_be_explained(line: str) -> None:
    """An errno in it is the probe's: with one that file systems lack something by, it is known."""
    known = any(is_known(filled(line, error)) for error in ERRORS)
    assert known is not any(line.startswith(begin) for begin in SAYS_NOTHING)


def test_a_need_that_says_only_an_errno_is_known_by_that() -> None:
    """These are placeholders alone; the errnos that the lab saw there are known."""
    assert "{error}" in SAYS
    for error in ("no space left on device", "invalid argument", "input/output error"):
        assert is_known(error)


# --- what was recorded -----------------------------------------------------------------------


@functools.lru_cache(maxsize=None)
def rows() -> list[Row]:
    untuned = unseen.names()
    every = results.read(ROWS)
    return [row for row in every if row["words"] and row["filesystem"] not in untuned]


def test_all_that_engines_said_in_the_lab_can_be_explained() -> None:
    unknown = {
        (row["role"], row["filesystem"], row["words"][-200:])
        for row in rows()
        if not recognise(row["words"]) and not any(each in row["words"] for each in NO_FAULT)
    }
    assert unknown == set()


def test_what_says_nothing_of_storage_is_not_taken_for_more() -> None:
    for words in NO_FAULT:
        assert any(words in row["words"] for row in rows())
        assert not recognise(words)


def test_where_a_path_is_unsuitable_not_every_cause_is_refuted() -> None:
    """--explain TEXT PATH says no less than --for does there."""
    asked = {results.key(FINDINGS, found): found for found in results.read(FINDINGS)}
    known = {role.id for role in engines.roles()}
    refuted, judged = set(), 0
    for row in rows():
        asked_as = ROLES[row["role"]].asked_as
        found = asked.get(results.key(FINDINGS, {**row, "asked_as": asked_as}))
        if row["role"] not in known or not found or not found["findings"]:
            continue
        findings = findings_of(found)
        verdict = judge(findings, engines.roles([named(row)]))[row["role"]]
        standings = standings_of(row["words"], findings)
        if verdict.fitness is Fitness.UNSUITABLE and standings:
            judged += 1
            if set(standings) == {Standing.REFUTED}:
                refuted.add((row["role"], row["filesystem"], row["words"][-200:]))
    assert refuted == set()
    assert judged > len(rows()) / 2


def standings_of(words: str, findings: dict[str, Finding]) -> list[Standing]:
    return [cause.standing(findings) for _, _, causes in recognise(words) for cause in causes]


# --- what was read ---------------------------------------------------------------------------


@pytest.mark.parametrize("text", [text for text in HEARD if text not in NOT_EXPLAINED])
def test_what_engines_and_threads_are_quoted_with_is_known(text: str) -> None:
    assert is_known(text)


@pytest.mark.parametrize("text", NOT_EXPLAINED)
def test_what_is_not_explained_is_not(text: str) -> None:
    """An exception that is not needed any more is taken out."""
    assert text in HEARD
    assert not recognise(text)


# --- what a cause is held up by --------------------------------------------------------------


def test_each_problem_of_a_store_that_confirms_is_one_that_a_store_can_have() -> None:
    stores = Path(messages.__file__).parents[1] / "stores"
    source = "".join(file.read_text(encoding="utf-8") for file in stores.glob("*.py"))
    wanted = {
        problem.partition(":")[0]
        for message in messages.every()
        for cause in message.causes
        for problem in cause.problems
    }
    assert wanted
    assert {problem for problem in wanted if f'"{problem}"' not in source} == set()


def test_what_says_little_says_its_errno() -> None:
    """A message of a call or an errno alone is told by the errnos of its causes."""
    for message in messages.every():
        if message.id.partition("/")[0] in ("call", "unpack", "errno"):
            assert all(cause.errnos for cause in message.causes), message.id
