"""The words that fscaps gives for an engine, beside those that the lab has recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fscaps import Fitness, engines
from lab import results, unseen
from lab.foretold import foretold, lines
from lab.judging import compared
from lab.outcome import Level
from lab.results import FINDINGS, ROWS

if TYPE_CHECKING:
    from lab.judging import Compared

ENGINES = ("podman", "containerd", "apptainer")
_SYMLINKS = "the server gives symbolic links other targets; what fails is the next call on one"
_WHITEOUTS = "fuse-overlayfs makes whiteouts vanish, so they are not asked for (node.whiteout)"
_HANGS = "containerd hangs; the words are the lab's"
_LISTS = "the lab's words for what ls of the container does not list"
UNFORETOLD = {
    ("cifs", "podman/vfs", "podman 4.3.1"): "warnings of attributes stand amid the words",
    ("ecryptfs", "podman/rootless", "podman 4.3.1"): "refused by its name before what is lacking",
    ("ext4-long-path", "podman/overlay", "podman 4.3.1"): "the lab keeps the end of the words, "
    "which is the path",
    ("fuse-overlayfs", "containerd/overlayfs", "containerd 1.6.20"): _WHITEOUTS,
    ("fuse-overlayfs", "containerd/overlayfs", "containerd 2.1.9"): _WHITEOUTS,
    ("fuse-overlayfs", "podman/additional-image-store", "podman 4.3.1"): _WHITEOUTS,
    ("fuse-overlayfs", "podman/additional-image-store", "podman 5.8.6"): _WHITEOUTS,
    ("fuse-overlayfs", "podman/overlay", "podman 4.3.1"): _WHITEOUTS,
    ("fuse-small-listing", "containerd/native", "containerd 1.6.20"): _LISTS,
    ("fuse-small-listing", "podman/additional-image-store", "podman 4.3.1"): _LISTS,
    ("fuse-small-listing", "podman/vfs", "podman 4.3.1"): _LISTS,
    ("hugetlbfs", "containerd/native", "containerd 1.6.20"): _HANGS,
    ("hugetlbfs", "containerd/overlayfs", "containerd 1.6.20"): _HANGS,
    ("hugetlbfs", "containerd/overlayfs", "containerd 2.1.9"): _HANGS,
    ("nfs4-all-squash", "podman/rootless", "podman 4.3.1"): "the owner of overlay/l is changed "
    "before all that fscaps names for a user",
    ("rclone", "podman/vfs", "podman 4.3.1"): "an attribute is refused in other words than before",
    ("sshfs", "containerd/native", "containerd 1.6.20"): _SYMLINKS,
    ("sshfs", "containerd/overlayfs", "containerd 1.6.20"): _SYMLINKS,
    ("sshfs", "containerd/overlayfs", "containerd 1.7.24"): _SYMLINKS,
    ("sshfs", "containerd/overlayfs", "containerd 2.1.9"): _SYMLINKS,
    ("sshfs", "podman/additional-image-store", "podman 5.8.6"): _SYMLINKS,
    ("sshfs", "podman/vfs", "podman 4.3.1"): _SYMLINKS,
}
"""Rows whose words are not among those that fscaps gives, and why."""


def _unsuitable() -> list[Compared]:
    """What did not work, and of which fscaps says so, of the version that was run."""
    untuned = unseen.names()
    return [
        one
        for one in compared(results.read(ROWS), results.read(FINDINGS))
        if one.row["filesystem"] not in untuned
        and one.row["engine"].split()[0] in ENGINES
        and one.row["level"] in {Level.NO.value, Level.TRIVIAL.value}
        and one.verdict
        and one.verdict.fitness is Fitness.UNSUITABLE
    ]


def _key(one: Compared) -> tuple[str, str, str]:
    return one.row["filesystem"], one.row["role"], one.row["engine"]


def _is_foretold(one: Compared) -> bool:
    """Whether a line of a blocker's is among the words, which podman breaks by others' in a log."""
    assert one.verdict
    if one.row["step"] == "run" and "there, but should not be" in one.row["words"]:
        return any(line.startswith("(nothing: ") for line in lines(one.verdict))  # the lab's words
    words = (one.row["words"], *one.row["complaints"])
    return foretold(one.verdict, [text.replace("\n", " ") for text in words])


def test_what_an_engine_says_was_foretold_in_its_words() -> None:
    silent = {_key(one) for one in _unsuitable() if not _is_foretold(one)}
    assert silent == set(UNFORETOLD)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_words_of_each_engine_were_recorded(engine: str) -> None:
    assert any(one.row["role"].startswith(f"{engine}/") for one in _unsuitable())


def test_no_word_of_an_image_store_is_of_an_unpacker() -> None:
    """Cp copies it, in the words of the C library."""
    (store,) = engines.roles(["podman/additional-image-store"])
    said = [line for need in store.needs for line in need.says.splitlines()]
    assert not [line for line in said if line.startswith("cp: ") and "{error}" in line]
