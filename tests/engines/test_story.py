"""The story's third line and its neighbours, on a local disk: none of them is NFS's doing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

import fscaps
from engines import story
from fscaps import Fitness
from lab.engines.dockerd import missing

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(missing() is not None, reason=missing() or ""),
    pytest.mark.timeout(120),
]

_DANGLING = re.compile(r"symlink \.\./\w+/diff \S+/overlay2/l/\w+: no such file or directory")


def _caveat(directory: Path) -> str:
    """What fscaps says the engine says of overlay2/ lying elsewhere, whatever the file system."""
    verdict = fscaps.survey(directory, roles=["docker/overlay2"])["docker/overlay2"]
    (need,) = [need for need in verdict.concerns if not need.any_of]
    assert verdict.fitness is not Fitness.SUITABLE
    return need.says


def test_an_empty_file_system_mounted_over_live_layers(tmp_path: Path) -> None:
    """The story's third line, word for word, without any NFS: l/ is made once, at daemon start."""
    assert _DANGLING.search(story.mount_under_live_daemon(tmp_path))


def test_an_empty_directory_linked_in_place_of_live_layers(tmp_path: Path) -> None:
    """The same line, for the same reason."""
    assert _DANGLING.search(story.empty_link_under_live_daemon(tmp_path))


def test_layers_behind_a_symbolic_link(tmp_path: Path) -> None:
    """Even on ext4 runc refuses the rootfs, in the words that fscaps gave."""
    said = _caveat(tmp_path)
    assert said in story.symlink_before_start(tmp_path)


def test_layers_replaced_by_a_link_under_a_live_daemon(tmp_path: Path) -> None:
    """Moved along, they are found; then the same words as for a link from before the start."""
    said = _caveat(tmp_path)
    assert said in story.symlink_under_live_daemon(tmp_path)


def test_layers_on_a_mount_of_their_own(tmp_path: Path) -> None:
    """Dockerd unmounts it when it stops; started again, it lists images that it cannot run."""
    restart = story.restart_on_separate_mount(tmp_path)
    assert restart.mounted_before
    assert not restart.mounted_after
    assert restart.images
    assert "no such file or directory" in restart.start_words
