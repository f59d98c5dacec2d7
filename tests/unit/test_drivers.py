"""What dockerd asks before it takes a driver, where this host cannot be made to answer so."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from unit import nouns

import fscaps
from fscaps import Finding, Host, Mount, Outcome, engines, probes
from fscaps._judge import pick
from fscaps._linux.directory import Directory
from fscaps.probes import No, Unknown, driver, overlay
from fscaps.probes._area import Area

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fscaps import Probe

(DOCKER,) = engines.whole(["docker"])


@pytest.fixture
def area(tmp_path: Path) -> Iterator[Area]:
    """An area on a machine and a file system that a test describes."""
    with Directory(os.open(tmp_path, os.O_RDONLY)) as target:
        yield Area(target, str(tmp_path), Host("6.1.0", "x86_64", 0))


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which dockerd would look for programs; those of this host do not matter."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setattr(driver, "_PATH", f"{tmp_path}/none:{folder}")
    return folder


def _install(folder: Path, name: str) -> None:
    (folder / name).write_text("")
    (folder / name).chmod(0o755)


def _outcome(probe: Probe, area: Area) -> Outcome:
    try:
        probe.ask(area)
    except No:
        return Outcome.NO
    except Unknown:
        return Outcome.UNKNOWN
    return Outcome.YES


def test_a_program_that_is_there_is_found(area: Area, programs: Path) -> None:
    _install(programs, "fuse-overlayfs")
    assert _outcome(driver.fuse_overlayfs, area) is Outcome.YES


def test_a_program_that_cannot_be_executed_is_not_found(area: Area, programs: Path) -> None:
    _install(programs, "dockerd")
    (programs / "fuse-overlayfs").write_text("")
    assert _outcome(driver.fuse_overlayfs, area) is Outcome.NO


def test_before_any_engine_is_installed_nobody_knows(area: Area, programs: Path) -> None:
    assert not list(programs.iterdir())
    assert _outcome(driver.fuse_overlayfs, area) is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("kernel", "outcome"),
    [("4.17.19", Outcome.NO), ("3.10.0-1160.el7", Outcome.NO), ("4.18.0", Outcome.YES)],
)
def test_dockerd_wants_a_kernel_for_it(
    area: Area, programs: Path, kernel: str, outcome: Outcome
) -> None:
    _install(programs, "fuse-overlayfs")
    area.host = Host(kernel, "x86_64", 0)
    assert _outcome(driver.fuse_overlayfs, area) is outcome


@pytest.mark.parametrize(
    ("magic", "btrfs", "zfs"),
    [
        ("0x9123683e", Outcome.YES, Outcome.NO),
        ("0x2fc12fc1", Outcome.NO, Outcome.YES),
        ("0xef53", Outcome.NO, Outcome.NO),
        (None, Outcome.UNKNOWN, Outcome.UNKNOWN),
    ],
)
def test_btrfs_and_zfs(
    area: Area, programs: Path, magic: str | None, btrfs: Outcome, zfs: Outcome
) -> None:
    """There is no ZFS on this machine, so its number is made up here."""
    _install(programs, "zfs")
    area.mount = Mount(1, "/", "any", "none", magic=magic)
    assert _outcome(driver.btrfs, area) is btrfs
    assert _outcome(driver.zfs, area) is zfs


@pytest.mark.parametrize(
    ("magic", "devices"),
    [("0xff534d42", ()), ("0x1021997", ()), ("0x12345678", ()), ("0x65735546", ("sda1",))],
    ids=["SMB", "9p", "unknown", "fuseblk"],
)
def test_no_overlay_is_tried_where_a_refusal_may_do_harm(
    area: Area, magic: str, devices: tuple[str, ...]
) -> None:
    """Nothing could be made in this area: an attempt would end in another reason."""
    area.mount = Mount(1, "/", "any", "none", magic=magic, devices=devices)
    area.host = Host("6.1.0", "x86_64", 0, capabilities=("CAP_SYS_ADMIN",))
    with pytest.raises(Unknown, match="may do harm"):
        driver.overlay2.ask(area)


@pytest.mark.parametrize("lacking", ["directory.d_type", "rename.whiteout", "xattr.overlay_opaque"])
@pytest.mark.parametrize("magic", ["0x65735546", "0xff534d42"], ids=["FUSE", "SMB"])
def test_the_kernel_refuses_where_something_is_lacking(
    area: Area, magic: str, lacking: str
) -> None:
    """Of these three a remote upper directory needs each (ovl_make_workdir); nothing is mounted."""
    area.mount = Mount(1, "/", "any", "none", magic=magic)
    area.host = Host("6.1.0", "x86_64", 0, capabilities=("CAP_SYS_ADMIN",))
    area.findings[lacking] = Finding(lacking, Outcome.NO)
    with pytest.raises(No, match=lacking):
        driver.overlay2.ask(area)


@pytest.mark.parametrize("tried", [overlay.upper, overlay.userxattr])
def test_a_mount_that_is_not_tried_is_refused_in_the_kernels_words(
    area: Area, tried: Probe
) -> None:
    """Not in those of what the earlier probe tried: EINVAL is what dockerd is told."""
    area.findings["node.whiteout"] = Finding("node.whiteout", Outcome.NO, errno="EPERM")
    with pytest.raises(No, match=r"since node\.whiteout is no") as refused:
        tried.ask(area)
    assert refused.value.errno == "EINVAL"


def _picked(**answers: Outcome) -> tuple[str | None, list[str]]:
    found = nouns.found(
        dict.fromkeys(probes.every(), Outcome.YES)
        | {f"driver.{name}": outcome for name, outcome in answers.items()}
    )
    picked = pick(found, DOCKER)
    return picked.driver, [probe for need in picked.open for probe in need.any_of]


def test_overlay2_comes_first() -> None:
    assert _picked() == ("overlay2", [])


def test_a_refused_mount_leads_to_fuse_overlayfs() -> None:
    assert _picked(overlay2=Outcome.NO) == ("fuse-overlayfs", [])


def test_without_the_program_what_follows_goes_by_the_file_system() -> None:
    refused = {"overlay2": Outcome.NO, "fuse_overlayfs": Outcome.NO}
    assert _picked(**refused) == ("btrfs", [])
    assert _picked(**refused, btrfs=Outcome.NO) == ("zfs", [])
    assert _picked(**refused, btrfs=Outcome.NO, zfs=Outcome.NO) == ("vfs", [])


def test_what_is_not_known_is_what_it_hangs_on() -> None:
    """On NFS before Docker is installed: fuse-overlayfs if that will be there."""
    answers = {"overlay2": Outcome.NO, "fuse_overlayfs": Outcome.UNKNOWN}
    assert _picked(**answers) == (None, ["driver.fuse_overlayfs"])


def test_nothing_is_picked_where_nothing_can_be_written() -> None:
    found = nouns.found(
        dict.fromkeys(probes.every(), Outcome.YES) | {"directory.writable": Outcome.NO}
    )
    picked = pick(found, DOCKER)
    assert (picked.driver, picked.open) == (None, ())


def test_with_an_engine_the_roles_of_its_drivers_are_judged(tmp_path: Path) -> None:
    """By answers, and as alternatives; for what it never picks by itself nothing more is asked."""
    found = fscaps.survey(tmp_path, roles=["docker"], mount="never")
    beside = {one.id for one in found.verdicts.values() if one.alternative}
    picked = {f"docker/data-root-{name}" for name in ("fuse-overlayfs", "vfs", "btrfs")}
    assert beside == picked | {"docker/data-root-without-layers"}
    (vfs,) = engines.roles(["docker/data-root-vfs"])
    assert {probe.id for need in vfs.needs for probe in need.any_of} <= set(found.findings)
