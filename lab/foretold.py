"""Whether an engine said what fscaps says that it says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fscaps import Verdict

_START, _END = r'(?:^|[\s":(])', r'(?=$|[\s".:,)\\])'
GAP = "…"
_ODD = "a\nb"
"""How the name of the file system ext4-odd-name begins."""

_ACCEPTED = "the kernel takes the mount, so that dockerd starts; what fails is what is done in it"
_FORGETS = "rclone without its cache loses what is renamed; dockerd then does not know of it"
_LINK = "sshfs changes the owner of a link's target, which is not there yet: known to docker.md"
OTHERWISE = {
    ("cifs-noperm", "docker/volumes"): "the owners are lost without a word",
    ("nilfs2", "docker/data-root"): _ACCEPTED,
    ("plan9p-cached", "docker/data-root"): _ACCEPTED,
    ("ramfs", "docker/data-root"): _ACCEPTED,
    ("ramfs", "docker/overlay2"): _ACCEPTED,
    ("rclone", "docker/image"): _FORGETS,
    ("rclone", "docker/swarm"): _FORGETS,
    ("sshfs", "docker/volumes"): _LINK,
    ("ext4-append-only", "docker/swarm"): "docker-state.json is lost, and the node no manager",
    ("ext4-latin1", "docker/rootless"): "rootlesskit says no more than that dockerd has ended",
    ("ext4-odd-name", "docker/rootless"): "the user's containerd may not make the directory",
    ("plan9p", "docker/overlay2"): _ACCEPTED,
}
"""Where dockerd says something else, and why nobody could tell."""


def lines(verdict: Verdict) -> list[str]:
    """What the engine would say of what keeps it from working, as far as that is known."""
    said = (line for need in verdict.blockers for line in need.says.splitlines())
    return [line for line in dict.fromkeys(said) if line.strip(f"{GAP} ")]


def is_said(line: str, words: str) -> bool:
    """Whether the line is among the words, whole, with anything in a line for each ellipsis."""
    pattern = ".*".join(map(re.escape, line.split(GAP)))
    return re.search(_START + pattern + _END, words, re.MULTILINE) is not None


def foretold(verdict: Verdict, words: Iterable[str]) -> bool:
    """Whether one of the lines is among the words, in which a path may hold a line's end."""
    said = "\n".join(words).replace(_ODD, "")
    return any(is_said(line, said) for line in lines(verdict))
