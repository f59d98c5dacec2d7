"""What was lost, loss by loss, beside what fscaps foretold for the role.

A verdict names the needs that are not met, each by its probes. A loss was told if one of them
answers for it; and what answers for none of a row's losses was foretold in vain.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fscaps import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fscaps import Finding, Unmet, Verdict

_OF_THE_VOLUME = "(a program|a set-user-ID program|a script) of .*volume"
_TOLD_BY = [
    (pattern, frozenset(probes.split()))
    for pattern, probes in (
        (r": modified \d+, not \d+$|: another time$", "time.nanosecond"),
        (
            r": no longer a link|\d links?, not|a linked file: |link (in|of) the volume: ",
            "link.inode",
        ),
        (r"^change: a linked file: ", "lower.linked"),
        (
            r": missing$|: rm: can't remove |a deleted directory: |a directory made again",
            "directory.block",
        ),
        (r": 2 links, not 1$|a whiteout in the layer does not hide", "directory.d_type node.left"),
        (r"an owner in the volume: ", "link.owner"),
        (r": mode \d+, not|: owner \d+:|an owner in the volume: ", "owner.mode owner.chown"),
        (r": without user\.|: Operation not supported$", "xattr.user"),
        (
            r": without security\.|: Operation not supported$|a file capability: |^diff: ",
            "xattr.security_capability xattr.capability_listed rootless.capability",
        ),
        (r"a file capability: false|must be suid", "mode.setuid rootless.setuid"),
        (rf"{_OF_THE_VOLUME}.*: Permission denied", "mode.execute"),
        (
            r"execute '/bin/sh': |/named/su: (not found|Permission denied)|: Stale file handle$",
            "mode.others mode.below",
        ),
        # Who cannot start a program has made no file.
        (r"course-his/file': No such file", "mode.others mode.below mode.created"),
        (r"the group of who made a file", "owner.group rootless.group"),
        (r"Too many levels of symbolic links", "symlink.overlay2"),
        (
            r"umask leaves|: mode \d+, not|can't execute '/bin/sh': Permission denied",
            "mode.created mode.inherited",
        ),
        (
            r"make a (FIFO|device node): .*No such file|a (FIFO|device node): (false|stat: )",
            "mode.created",
        ),
        (r"a device node( of the volume)?: .* create .*: Permission denied", "node.device_open"),
        (r"make a device node", "node.device"),
        (r"mkfifo: |a line in the volume: ", "node.fifo"),
        (r"remove a directory of the volume with an open file: ", "directory.open_unlink"),
        (r"replace an open file of the volume: ", "rename.replace_open"),
        (r"^lock a file of the volume: ", "lock.posix"),
        (r"^(load|build) docker\.io/fscaps/names: ", "name.undecodable"),
        (r"^the path has to be escaped", "name.colon name.comma name.backslash"),
        # No change that the container made is found, so none is in the committed image.
        (r"^committed: (?!.*volume)", "directory.distinct"),
        # What fuse-overlayfs loses on ext4 too, which podman takes for want of the kernel's.
        (r"^committed: a (directory made again|linked file)", "overlay.userxattr name.option"),
    )
]
"""How a loss is told, and the probes whose *no* foretells it."""

SHOWN = {probe for _, probes in _TOLD_BY for probe in probes}
"""What the course would see, were it lost."""

_HIDDEN_BY = {
    "mode.setuid": ("mode.execute", "mode.others", "mode.below"),
    "rootless.setuid": ("mode.execute",),
    "time.nanosecond": ("directory.block",),
    "xattr.security_capability": ("directory.block",),
    "xattr.user": ("directory.block",),
}
"""What does not show where another loss does: a program that does not start has no rights."""

_UNSEEN = frozenset({"loop.direct", "space.sparse", "space.large", "overlay.capability"})
"""Room, and what a second host would see."""
_OF_WHITEOUTS = frozenset({"directory.d_type"})
"""Shown of a lower layer where the course can make a whiteout in it."""

_NOT_ASKED = {"podman/additional-image-store": {"name.undecodable", "xattr.user"}}
"""What the course of a role does not show: to this one goes no image that has what few have."""

_OPEN = "it has not been found out which call it is that loses it"
UNTELLABLE: dict[tuple[str, str, str], str] = {
    ("mhddfs", "containerd/native", r"security\.capability|^diff: "): _OPEN,
    ("mhddfs", "docker/data-root-fuse-overlayfs", r"security\.capability|a symbolic link: "): _OPEN,
    ("mhddfs", "podman/additional-image-store", r"security\.capability|a file capability: "): _OPEN,
    ("posixovl", "docker/data-root-fuse-overlayfs", r": modified \d+, not \d+$"): _OPEN,
    ("loggedfs", "podman/rootless", r"an owner in the volume: "): _OPEN,
}
"""Why a loss cannot be foretold, by file system, role, and how it is told."""


def told_by(loss: str) -> set[str]:
    """Give the probes that foretell a loss."""
    return {
        p for pattern, probes in _TOLD_BY if re.search(pattern, loss, re.DOTALL) for p in probes
    }


def untold(verdict: Verdict, losses: Iterable[str]) -> list[str]:
    """Give the losses of which the verdict says nothing."""
    said = {probe for need in verdict.concerns for probe in need.any_of}
    return [loss for loss in losses if not told_by(loss) & said]


def reason(filesystem: str, role: str, loss: str) -> str | None:
    """Why a loss cannot be foretold, if that is known."""
    for (where, what, told), why in UNTELLABLE.items():
        if (where, what) == (filesystem, role) and re.search(told, loss):
            return why
    return None


def unseen(role: str, findings: Mapping[str, Finding]) -> frozenset[str]:
    """Give the probes whose *no* no course of a role can show."""
    makers = (findings.get(name) for name in ("directory.writable", "node.whiteout"))
    has_none = any(found and found.outcome is Outcome.NO for found in makers)
    is_lower = role == "kernel/overlay-lower"
    return _UNSEEN | _OF_WHITEOUTS if is_lower and has_none else _UNSEEN


def in_vain(
    verdict: Verdict, losses: Iterable[str], findings: Mapping[str, Finding]
) -> list[Unmet]:
    """Give what was foretold for certain, and would have shown, and has not."""
    seen = {probe for loss in losses for probe in told_by(loss)}
    asked = SHOWN - _NOT_ASKED.get(verdict.id, set()) - unseen(verdict.id, findings)
    return [
        need
        for need in verdict.concerns
        if asked & set(need.any_of)
        and not seen & _where_it_shows(need)
        and _is_certain(need, findings)
    ]


def _is_certain(need: Unmet, findings: Mapping[str, Finding]) -> bool:
    asked = [findings[probe].outcome for probe in need.any_of if probe in findings]
    return asked == [Outcome.NO] * len(need.any_of)


def _where_it_shows(need: Unmet) -> set[str]:
    """The need's own probes, and those whose loss hides it."""
    return {*need.any_of, *(o for probe in need.any_of for o in _HIDDEN_BY.get(probe, ()))}
