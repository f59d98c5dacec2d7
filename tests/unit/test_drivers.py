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
from fscaps.probes import No, Unknown, driver, magic, overlay
from fscaps.probes._area import Area

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fscaps import Probe

(DOCKER,) = engines.whole(["docker"])
OLD, NEW = "podman@4.3", "podman@5.8"


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


@pytest.mark.parametrize("engine", ["podman", "buildah", "crio"])
def test_podmans_program_is_missed_once_one_is_installed_that_wants_it(
    area: Area, programs: Path, engine: str
) -> None:
    _install(programs, "dockerd")
    assert _outcome(driver.podman_fuse_overlayfs, area) is Outcome.UNKNOWN
    _install(programs, engine)
    assert _outcome(driver.podman_fuse_overlayfs, area) is Outcome.NO
    _install(programs, "fuse-overlayfs")
    assert _outcome(driver.podman_fuse_overlayfs, area) is Outcome.YES


def test_podman_asks_for_no_kernel(area: Area, programs: Path) -> None:
    _install(programs, "fuse-overlayfs")
    area.host = Host("3.10.0", "x86_64", 0)
    assert _outcome(driver.podman_fuse_overlayfs, area) is Outcome.YES


@pytest.mark.parametrize(
    ("number", "probe", "outcome"),
    [
        # numbers from linux/magic.h and containers/storage drivers/driver_linux.go
        ("0x61756673", driver.podman_vfs, Outcome.YES),
        ("0x794c7630", driver.podman_vfs, Outcome.YES),
        ("0xf15f", driver.podman_vfs, Outcome.YES),
        ("0x2fc12fc1", driver.podman_vfs, Outcome.NO),
        ("0xef53", driver.podman_vfs, Outcome.NO),
        (None, driver.podman_vfs, Outcome.UNKNOWN),
        ("0x2fc12fc1", magic.podman_zfs, Outcome.NO),
        ("0x794c7630", magic.podman_zfs, Outcome.YES),
        ("0x19830326", magic.podman_beegfs, Outcome.NO),
        ("0x19830326", magic.podman_rootless, Outcome.YES),
        ("0xef53", magic.podman_beegfs, Outcome.YES),
        ("0x47504653", magic.apptainer_overlay, Outcome.NO),
        ("0x794c7630", magic.apptainer_overlay, Outcome.YES),
        (None, magic.podman_beegfs, Outcome.UNKNOWN),
    ],
)
def test_what_engines_go_by_names(
    area: Area, number: str | None, probe: Probe, outcome: Outcome
) -> None:
    """There is no aufs, ZFS or BeeGFS on this machine, so their numbers are made up here."""
    area.mount = Mount(1, "/", "any", "none", magic=number)
    assert _outcome(probe, area) is outcome


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
def test_a_mount_that_is_not_tried_has_the_errno_of_what_decided(area: Area, tried: Probe) -> None:
    """Nobody has asked the kernel for more."""
    area.findings["node.whiteout"] = Finding("node.whiteout", Outcome.NO, errno="EPERM")
    with pytest.raises(No, match=r"since node\.whiteout is no") as refused:
        tried.ask(area)
    assert refused.value.errno == "EPERM"


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


_TRIED = "driver.overlay2"
_PROGRAM = "driver.podman_fuse_overlayfs"


def _podman_picks(version: str, *lacking: str, **answers: Outcome) -> str | None:
    """On no btrfs, no ZFS and nothing that is refused by name, but for what is said otherwise."""
    usual = dict.fromkeys(("driver.btrfs", "driver.zfs", "driver.podman_vfs"), Outcome.NO)
    changed = dict.fromkeys(lacking, Outcome.NO)
    if "magic.podman_overlay" in lacking:
        changed["driver.podman_vfs"] = Outcome.YES
    more = {f"driver.{name}": outcome for name, outcome in answers.items()}
    every = dict.fromkeys(probes.every(), Outcome.YES)
    (podman,) = engines.whole([version])
    return pick(nouns.found({**every, **usual, **changed, **more}), podman).driver


@pytest.mark.parametrize("version", [OLD, NEW])
def test_podman_takes_the_program_where_its_trial_fails(version: str) -> None:
    assert _podman_picks(version) == "overlay"
    assert _podman_picks(version, _TRIED) == "fuse-overlayfs"
    assert _podman_picks(version, "directory.d_type") == "fuse-overlayfs"
    assert _podman_picks(version, _TRIED, "magic.podman_overlay") == "fuse-overlayfs"


def test_without_the_program_older_podman_goes_on_after_names_alone() -> None:
    """Measured with 4.3.1 on overlay, ext4 without filetype and an unbindable tmpfs."""
    assert _podman_picks(OLD, "node.whiteout", _PROGRAM, "magic.podman_overlay") == "vfs"
    assert _podman_picks(OLD, "directory.d_type", _PROGRAM) is None
    assert _podman_picks(OLD, "mode.bindable", _PROGRAM) is None


def test_without_the_program_newer_podman_goes_on_in_any_case() -> None:
    """Measured with 5.8.6 on the same, and on ramfs and btrfs."""
    assert _podman_picks(NEW, "node.whiteout", _PROGRAM, "magic.podman_overlay") == "vfs"
    assert _podman_picks(NEW, "directory.d_type", _PROGRAM) == "vfs"
    assert _podman_picks(NEW, "xattr.overlay_opaque", _PROGRAM) == "vfs"
    assert _podman_picks(NEW, "mode.bindable", _PROGRAM, btrfs=Outcome.YES) == "btrfs"
    assert _podman_picks("podman@5.8.2", "directory.d_type", _PROGRAM) is None


@pytest.mark.parametrize("version", [OLD, NEW])
def test_what_passes_the_trial_and_is_refused_by_name_is_given_to_no_program(version: str) -> None:
    """Measured on eCryptfs: podman 4.3.1 has fuse-overlayfs there, and does not take it."""
    assert _podman_picks(version, "magic.podman_overlay") == "vfs"
    assert _podman_picks(OLD, "magic.podman_zfs", zfs=Outcome.YES) == "zfs"


def test_whoever_is_left_with_vfs_hears_that_podman_starts_once() -> None:
    for version in (OLD, NEW):
        (podman,) = engines.whole([version])
        (price,) = {one.price for one in podman.drivers if one.id == "vfs"}
        assert "prior storage driver overlay failed" in price


def test_where_the_program_is_not_known_the_pick_hangs_on_it() -> None:
    found = nouns.found(
        {
            **dict.fromkeys(probes.every(), Outcome.YES),
            _TRIED: Outcome.NO,
            _PROGRAM: Outcome.UNKNOWN,
        }
    )
    (podman,) = engines.whole(["podman"])
    picked = pick(found, podman)
    assert (picked.driver, [need.any_of for need in picked.open]) == (None, [(_PROGRAM,)])
