"""Probes on a directory that misbehaves in ways for which no file system could be had.

What misbehaves is a Directory whose calls are replaced; all else is the machine's own.
"""

from __future__ import annotations

import json
import os
from errno import EPERM
from typing import TYPE_CHECKING

import pytest
from unit.running import command, execute

from fscaps import Finding, Host, Mount, Outcome, Reason
from fscaps._linux.directory import Directory
from fscaps._sandbox.worker import ask
from fscaps.probes import directory, mode, name, node
from fscaps.probes._area import Area

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fscaps import Probe


@pytest.fixture
def area(tmp_path: Path) -> Iterator[Area]:
    """An area whose scratch directory is an empty one."""
    with Directory(os.open(tmp_path, os.O_RDONLY)) as target:
        made = Area(target, str(tmp_path), Host("6.1.0", "x86_64", os.geteuid()))
        made.directory = target
        yield made


@pytest.mark.parametrize("probe", [directory.d_type, directory.inode], ids=lambda probe: probe.id)
@pytest.mark.parametrize("left_out", [{b"file"}, {b"file", b"directory", b"symlink", b"fifo"}])
def test_a_listing_that_leaves_out_entries_is_no_yes(
    area: Area, probe: Probe, left_out: set[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not listed has no type, and a listing of nothing tells nothing."""
    whole = Directory.entries
    monkeypatch.setattr(
        Directory,
        "entries",
        lambda self: (entry for entry in whole(self) if entry.name not in left_out),
    )
    assert ask(probe, area).outcome is Outcome.NO


def test_what_was_made_in_a_devices_place_is_not_opened(area: Area) -> None:
    """A server that makes a regular file of a device node lets that be written to."""
    area.scratch.write("null", b"")
    area.findings[node.device.id] = Finding(node.device.id, Outcome.NO)
    assert ask(node.device_open, area).outcome is Outcome.UNKNOWN


BTRFS, EXT4, FUSE, NFS = "0x9123683e", "0xef53", "0x65735546", "0x6969"


@pytest.mark.parametrize(
    ("uid", "magic", "devices", "outcome"),
    [
        (0, NFS, (), Outcome.YES),
        (1000, EXT4, ("vda",), Outcome.YES),
        (1000, BTRFS, (), Outcome.YES),
        (1000, NFS, (), Outcome.UNKNOWN),  # root_squash
        (1000, FUSE, (), Outcome.UNKNOWN),  # allow_other
        (1000, FUSE, ("sda1",), Outcome.UNKNOWN),  # fuseblk
        (1000, None, ("vda",), Outcome.UNKNOWN),
    ],
)
def test_what_a_user_may_is_not_what_root_may(
    area: Area, uid: int, magic: str | None, devices: tuple[str, ...], outcome: Outcome
) -> None:
    """Where somebody else than this kernel decides, it takes root to ask."""
    area.host = Host("6.1.0", "x86_64", uid)
    area.mount = Mount(1, "/mnt", "any", "any", magic=magic, devices=devices)
    assert ask(mode.root, area).outcome is outcome


def test_root_of_another_namespace_is_an_ordinary_user(area: Area) -> None:
    area.host = Host("6.1.0", "x86_64", 0, initial_user_namespace=False)
    area.mount = Mount(1, "/mnt", "any", "any", magic=NFS)
    assert ask(mode.root, area).outcome is Outcome.UNKNOWN


def test_who_may_not_become_another_user_learns_nothing_of_others(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A filter of system calls refuses, which is not of the file system; the call is replaced."""

    def refuse(_: object) -> None:
        raise PermissionError(EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "setgroups", refuse)
    area.host = Host("6.1.0", "x86_64", 0, capabilities=("CAP_SETUID",))
    found = ask(mode.others, area)
    assert (found.outcome, found.reason) == (Outcome.UNKNOWN, Reason.PRIVILEGE)


@pytest.mark.parametrize(("probe", "limit"), [("space.extend", 1 << 16), ("space.large", 1 << 30)])
def test_a_limit_of_the_process_is_none_of_the_file_system(
    tmp_path: Path, probe: str, limit: int
) -> None:
    """RLIMIT_FSIZE answers with EFBIG, as a file system does that ends there."""
    limited = execute(["prlimit", f"--fsize={limit}", *command("--json", str(tmp_path))])
    found = json.loads(limited.stdout)["findings"][probe]
    assert (found["outcome"], found["reason"], found["errno"]) == ("unknown", "privilege", "EFBIG")


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        ("/" + "x" * 496, Outcome.YES),
        ("/" + "x" * 497, Outcome.NO),
        ("/" + "ü" * 248, Outcome.YES),
        ("/" + "ü" * 249, Outcome.NO),
    ],
    ids=["497", "498", "497 bytes", "499 bytes"],
)
def test_how_long_a_path_sqlite_takes(area: Area, path: str, outcome: Outcome) -> None:
    """podman 5.8.6 was seen to start at 497 bytes, and not at 498."""
    area.resolved = path
    assert ask(name.sqlite, area).outcome is outcome
