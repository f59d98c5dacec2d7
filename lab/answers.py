"""What recorded findings answer: to the probes that were asked, and to some that came later."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from fscaps import Finding, Outcome, Reason
from fscaps._linux.subordinate import ENOUGH
from fscaps._sandbox.worker import ask
from fscaps.probes import driver, magic
from lab import user

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fscaps.findings import Probe
    from lab.results import Row

# Of the lab's user and no file system; older findings were recorded before it was asked.
_OF_THE_USER = {"rootless.ids": Finding("rootless.ids", Outcome.YES)}
assert user.SUBORDINATE[1] >= ENOUGH

# A program was run by it, too; numbers that are those of stat(2) differ as those do; a mapping that
# is the file shows the file; it is the same program.
_ONCE_PART_OF = {
    "overlay.execute": "overlay.special",
    "directory.distinct": "directory.inode",
    "overlay.capability": "overlay.copy_up",
    "directory.block": "directory.writable",
    "xattr.acl_removed": "directory.writable",
    "node.left": "overlay.lower",
    "link.owner": "link.hard",
    "link.changed": "link.hard",
    "symlink.attribute": "symlink.target",
    "lower.linked": "overlay.lower",
    "xattr.capability_asked": "xattr.security_capability",
    "mmap.shown": "mmap.coherent",
    "mmap.made": "mmap.shown",
    "driver.podman_fuse_overlayfs": "driver.fuse_overlayfs",
}
# What these ask of was recorded: statfs(2)'s f_type, and nothing is tried.
_OF_THE_MAGIC = (
    magic.podman_zfs,
    magic.podman_beegfs,
    magic.apptainer_overlay,
    driver.podman_vfs,
)
_BY_PATHS = {"0x65735546", "0x1021997", "0xff534d42", "0xfe534d42"}
"""FUSE, 9p, CIFS, SMB (linux/magic.h): others go by what they have opened."""


def answers(found: Row) -> dict[str, Finding]:
    """Give what was found, and what follows from it for probes that came later."""
    recorded = {
        probe: Finding(
            probe,
            Outcome(answer["outcome"]),
            Reason(answer["reason"]) if answer["reason"] else None,
            answer["errno"],
            answer["detail"],
            answer["value"],
        )
        for probe, answer in found["findings"].items()
    }
    return {
        **_OF_THE_USER,
        **_of_the_magic(found),
        **_once_part_of_another(recorded),
        **_said_of_the_capability(recorded),
        **_refused(found, recorded),
        **_of_closed_directories(found, recorded),
        **recorded,
    }


def _of_the_magic(found: Row) -> dict[str, Finding]:
    """What probes that came later answer to the f_type that was recorded, by their own code."""
    if not found.get("mount"):
        return {}
    mount = SimpleNamespace(magic=found["mount"]["magic"])
    area: Any = SimpleNamespace(mount=mount)
    return {probe.id: ask(probe, area) for probe in _OF_THE_MAGIC}


def _once_part_of_another(recorded: Mapping[str, Finding]) -> dict[str, Finding]:
    """What older findings hold as the answer of a probe that asked more than one thing then."""
    known = dict(recorded)
    for probe, whole in _ONCE_PART_OF.items():
        if whole in known:
            known.setdefault(probe, replace(known[whole], probe=probe))
    return known


def _refused(found: Row, recorded: Mapping[str, Finding]) -> dict[str, Finding]:
    """What the kernel refuses, by that probe's own code and what it looks at."""
    if not found.get("mount"):
        return {}

    def outcome(probe: Probe) -> Outcome:
        return recorded[probe.id].outcome if probe.id in recorded else Outcome.UNKNOWN

    mount = SimpleNamespace(magic=found["mount"]["magic"])
    area: Any = SimpleNamespace(mount=mount, outcome=outcome)
    return {driver.refused.id: ask(driver.refused, area)}


def _said_of_the_capability(recorded: Mapping[str, Finding]) -> dict[str, Finding]:
    """Whether it is listed was told in the detail before it was asked."""
    kept = recorded.get("xattr.security_capability")
    if kept is None or kept.outcome is Outcome.UNKNOWN:
        return {}
    is_listed = Outcome.NO if kept.detail == "kept, and not listed" else Outcome.YES
    return {"xattr.capability_listed": Finding("xattr.capability_listed", is_listed)}


def _of_closed_directories(found: Row, recorded: Mapping[str, Finding]) -> dict[str, Finding]:
    """Whoever is let in where the way is open is so below a closed one, but by servers of paths."""
    open_to_all = recorded.get("mode.others")
    if open_to_all is None or not found.get("mount"):
        return {}
    if open_to_all.outcome is Outcome.YES and found["mount"]["magic"] in _BY_PATHS:
        return {}
    return {"mode.below": replace(open_to_all, probe="mode.below")}
