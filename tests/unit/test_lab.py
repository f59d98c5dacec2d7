"""The lab without engines: what is recorded is read, judged and shown as it is."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from uml import inside
from uml.lacking import skip_if_missing

from fscaps import engines, probes
from lab import judging, losses as each, page, recording, results, uml, unseen
from lab.filesystems import FILESYSTEMS
from lab.generations import Generation
from lab.judging import Agreement, compared
from lab.results import FINDINGS, ROWS
from lab.roles import ROLES
from lab.table import Sign, is_stock, lines

if TYPE_CHECKING:
    from pathlib import Path

ROLE = "docker/image"
_LINK = "change: link in the volume: false"
_NOT_KEPT = "change: a device node of the volume: sh: can't create /named/null: Permission denied"


def row(filesystem: str = "ext2", level: str = "yes", **more: Any) -> results.Row:
    """A row as lab/run writes it."""
    name = {"kernel": "6.1", "filesystem": filesystem, "role": ROLE}
    engine = {"engine": "docker 20.10.24", "generation": "bookworm", "driver": "overlay2"}
    return {**name, **engine, "level": level, "step": "", "words": "", "losses": [], **more}


def findings(filesystem: str = "ext2", **outcomes: str) -> results.Row:
    """All questions answered yes, but for some (with __ for the dot)."""
    answers = dict.fromkeys(probes.every(), "yes")
    answers.update({name.replace("__", "."): outcome for name, outcome in outcomes.items()})
    blank = {"reason": None, "errno": None, "detail": "", "value": None}
    found = {probe: {"outcome": outcome, **blank} for probe, outcome in answers.items()}
    return {"kernel": "6.1", "filesystem": filesystem, "asked_as": "root", "findings": found}


@pytest.mark.parametrize(
    ("level", "losses", "outcomes", "agreement"),
    [
        ("yes", [], {}, Agreement.AGREES),
        ("no", [], {}, Agreement.FALSE_YES),
        ("trivial", [], {}, Agreement.FALSE_YES),
        ("loses", ["a mode"], {}, Agreement.FALSE_YES),
        ("no", [], {"owner__chmod": "no"}, Agreement.AGREES),
        ("yes", [], {"owner__chmod": "no"}, Agreement.FALSE_NO),
        ("loses", ["a mode"], {"owner__chmod": "no"}, Agreement.FALSE_NO),
        ("yes", [], {"owner__chmod": "unknown"}, Agreement.UNDETERMINED),
        ("no", [], {"owner__chmod": "unknown"}, Agreement.UNDETERMINED),
    ],
)
def test_a_verdict_beside_the_truth(
    level: str, losses: list[str], outcomes: dict[str, str], agreement: Agreement
) -> None:
    (one,) = compared([row(level=level, losses=losses)], [findings(**outcomes)])
    assert one.agreement is agreement


@pytest.mark.parametrize(
    ("losses", "agreement"),
    [
        ([], Agreement.FALSE_LOSS),
        ([_LINK], Agreement.AGREES),
        ([_NOT_KEPT], Agreement.UNTOLD_LOSS),
        ([_LINK, _NOT_KEPT], Agreement.UNTOLD_LOSS),
    ],
)
def test_a_loss_foretold(losses: list[str], agreement: Agreement) -> None:
    """That both lose something is not enough."""
    level = "loses" if losses else "yes"
    volumes = row(level=level, losses=losses, role="docker/volumes")
    (one,) = compared([volumes], [findings(link__inode="no")])
    assert one.agreement is agreement


def test_one_loss_foretold_in_vain_is_one_beside_others() -> None:
    volumes = row(level="loses", losses=[_LINK], role="docker/volumes")
    found = findings(link__inode="no", node__device_open="no")
    (one,) = compared([volumes], [found])
    assert one.agreement is Agreement.FALSE_LOSS
    assert [need.any_of for need in one.in_vain] == [("node.device_open",)]


def test_what_may_be_lost_is_not_foretold_in_vain() -> None:
    volumes = row(level="loses", losses=[_LINK], role="docker/volumes")
    found = findings(link__inode="no", node__device_open="unknown")
    (one,) = compared([volumes], [found])
    assert one.agreement is Agreement.AGREES


def test_what_a_course_does_not_ask_is_not_foretold_in_vain() -> None:
    store = row("ext2", "loses", role="podman/additional-image-store", engine="podman 5.4.2")
    store["losses"] = ["'bin': another time"]
    found = findings(time__nanosecond="no", name__undecodable="no")
    (one,) = compared([store], [found])
    assert one.agreement is Agreement.AGREES


def test_a_loss_may_hide_another() -> None:
    """A program that does not start has no rights to lose."""
    noexec = "change: a set-user-ID program of the volume: sh: /named/su: Permission denied"
    volumes = row(level="loses", losses=[noexec], role="docker/volumes")
    (one,) = compared([volumes], [findings(mode__execute="no", mode__setuid="no")])
    assert one.agreement is Agreement.AGREES


@pytest.mark.parametrize(("told", "status"), [("a FIFO", 0), ("a mode", 1)])
def test_an_untold_loss_fails_unless_it_is_known_why(
    told: str, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = row(level="loses", role="docker/volumes", losses=["change: a FIFO: false"])
    monkeypatch.setattr(each, "UNTELLABLE", {("ext2", "docker/volumes", told): "so it is"})
    others = [row(f"fs-{number}") for number in range(99)]
    results.record(ROWS, [lost, *others], tmp_path)
    found = [findings(one["filesystem"]) for one in others]
    results.record(FINDINGS, [findings(time__nanosecond="no"), *found], tmp_path)
    monkeypatch.setattr("sys.argv", ["lab/compare", "--of", str(tmp_path)])
    monkeypatch.setattr(each, "in_vain", lambda *_: ())
    assert judging.main() == status


def test_what_ext4_loses_too_is_the_drivers_own() -> None:
    base, other = (row(name, "loses", losses=["a link"]) for name in ("ext4", "ext2"))
    found = [findings("ext4"), findings("ext2")]
    assert {one.agreement for one in compared([base, other], found)} == {Agreement.AGREES}
    other["losses"] = ["a link", "a mode"]
    assert [one.losses for one in compared([base, other], found)] == [(), ("a mode",)]


def test_an_own_loss_is_the_drivers_that_was_picked() -> None:
    """Ext4's default is overlay2, which loses nothing; what fuse-overlayfs loses is its own."""
    picked = row("ext4", role="docker/default-driver")
    named, role = "fuse-overlayfs", "docker/data-root-fuse-overlayfs"
    base = row("ext4", "loses", losses=["a node"], role=role, driver=named)
    other = row("ext2", "loses", losses=["a node"], role="docker/default-driver", driver=named)
    assert [one.losses for one in compared([picked, base, other], [])] == [(), (), ()]
    overlay2 = {**other, "driver": "overlay2"}
    assert [one.losses for one in compared([picked, base, overlay2], [])][-1] == ("a node",)


_NO_OVERLAY = {"driver__overlay2": "no", "driver__fuse_overlayfs": "no", "owner__chmod": "no"}


@pytest.mark.parametrize(
    ("outcomes", "agreement"),
    [
        (_NO_OVERLAY, Agreement.AGREES),  # it falls back on vfs, which is unsuitable
        ({"owner__chmod": "no"}, Agreement.AGREES),  # it picks what is unsuitable
        ({"owner__chmod": "no", "driver__overlay2": "unknown"}, Agreement.AGREES),  # as each is
        ({"driver__overlay2": "unknown"}, Agreement.UNDETERMINED),
        ({}, Agreement.FALSE_YES),
    ],
)
def test_an_engine_that_does_not_start_is_judged_by_what_it_may_pick(
    outcomes: dict[str, str], agreement: Agreement
) -> None:
    none = row(level="no", role="docker/default-driver", driver=None)
    found = findings(**{"driver__btrfs": "no", "driver__zfs": "no", **outcomes})
    (one,) = compared([none], [found])
    assert one.agreement is agreement


def test_what_nobody_asked_is_not_judged() -> None:
    (one,) = compared([row()], [])
    assert one.agreement is Agreement.NOT_JUDGED


@pytest.mark.parametrize(("level", "status"), [("yes", 0), ("no", 1)])
def test_a_false_yes_fails(
    level: str, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results.record(ROWS, [row(level=level)], tmp_path)
    results.record(FINDINGS, [findings()], tmp_path)
    monkeypatch.setattr("sys.argv", ["lab/compare", "--of", str(tmp_path)])
    assert judging.main() == status


@pytest.mark.parametrize(("false_noes", "status"), [(1, 0), (2, 1)])
def test_less_than_99_percent_fails(
    false_noes: int,
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Of what is judged: that nobody has asked counts for nothing."""
    names = [f"fs-{number}" for number in range(100)]
    results.record(ROWS, [row(name) for name in [*names, "unasked"]], tmp_path)
    wrong, right = names[:false_noes], names[false_noes:]
    results.record(FINDINGS, [findings(name, owner__chmod="no") for name in wrong], tmp_path)
    results.record(FINDINGS, [findings(name) for name in right], tmp_path)
    monkeypatch.setattr("sys.argv", ["lab/compare", "--of", str(tmp_path)])
    assert judging.main() == status
    assert f"{100 - false_noes}.0 % of 100 judged rows, " in capsys.readouterr().out


def test_a_row_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    results.record(ROWS, [row("xfs"), row("ext2", "no")], tmp_path)
    results.record(ROWS, [row("ext2", "yes")], tmp_path)
    read = results.read(ROWS, tmp_path)
    assert [(one["filesystem"], one["level"]) for one in read] == [("ext2", "yes"), ("xfs", "yes")]


def test_a_row_takes_the_place_of_what_another_build_of_the_kernel_did(tmp_path: Path) -> None:
    """Or what was mended in the lab would stay on the page."""
    first, other, newer = ({"kernel": name} for name in ("6.1.5-a", "6.1.5-b", "6.1.50"))
    results.record(ROWS, [row(level="no", **first), row("xfs", **first)], tmp_path)
    results.record(ROWS, [row(**other), row(**newer)], tmp_path)
    read = results.read(ROWS, tmp_path)
    assert [(one["kernel"], one["filesystem"], one["level"]) for one in read] == [
        ("6.1.5-a", "xfs", "yes"),
        ("6.1.5-b", "ext2", "yes"),
        ("6.1.50", "ext2", "yes"),
    ]


def test_what_another_build_of_the_kernel_found_is_judged() -> None:
    found = {**findings(owner__chmod="no"), "kernel": "6.1.5-b"}
    (one,) = compared([row(level="no", kernel="6.1.5-a")], [found])
    assert one.agreement is Agreement.AGREES


def test_what_is_recorded_is_not_recorded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Generation, "version", lambda *_: "20.10.24")
    wanted = recording.Wanted("6.1", "ext2", ROLE, Generation("bookworm"))
    assert recording.unknown([wanted], tmp_path) == [wanted]
    results.record(ROWS, [row("ext2")], tmp_path)
    assert recording.unknown([wanted], tmp_path) == []
    newer = dataclasses.replace(wanted, kernel="6.12")
    assert recording.unknown([newer], tmp_path) == [newer]


_OVERLAY = 'level=error msg="failed to mount overlay: invalid argument"'
_NO_DRIVER = "failed to start daemon: error initializing graphdriver: driver not supported"
_CONTAINERD = 'level=error msg="containerd did not exit successfully" error="exit status 1"'
_TIMEOUT = "failed to start containerd: timeout waiting for containerd to start"
_ROOTLESS = "[rootlesskit:parent] error: child exited: exit status 1"


@pytest.mark.parametrize(
    ("reason", "stock"),
    [
        (_OVERLAY, [_NO_DRIVER]),
        (_OVERLAY, [f"{_NO_DRIVER}: overlay2", _ROOTLESS]),
        ("containerd: mkdir /x: no space left", [_CONTAINERD, _TIMEOUT, _ROOTLESS]),
        ("docker: no space left.", ["", "Run 'docker run --help' for more information"]),
        ("docker: no space left.", ["See 'docker run --help'."]),
        ("cannot read lower dirs", [": exit status 1"]),
        (_ROOTLESS, []),  # better than nothing
    ],
)
def test_a_reason_is_the_last_line_that_tells_one(reason: str, stock: list[str]) -> None:
    words = "\n".join(["another line before", reason, *stock] if stock else [reason])
    (line,) = lines([row(level="no", step="start", words=words)])
    cell = line.cell(ROLE, "bookworm")
    assert cell
    assert cell.reason == f"start: {reason}"


# What is recorded in this checkout


def test_no_reason_is_a_stock_phrase() -> None:
    cells = [cell for line in lines(results.read(ROWS)) for cell in line.cells.values()]
    reasons = {cell.reason.partition(": ")[2] for cell in cells if cell.row["words"]}
    assert {reason for reason in reasons if is_stock(reason)} == set()


GIVEN_UP = {("s3fs", "docker/loop-data-root")}
"""What the lab did not wait for, which makes no row."""


def test_what_was_said_first_was_held_against_a_row() -> None:
    recorded = {(one["filesystem"], one["role"], one["engine"]) for one in results.read(ROWS)}
    told = {(one["filesystem"], one["role"], one["engine"]) for one in unseen.told()}
    assert {key[:2] for key in told - recorded} == GIVEN_UP


def test_each_verdict_that_was_wrong_is_on_the_page() -> None:
    wrong = [one for one in unseen.told() if one["agreement"] != Agreement.AGREES]
    shown = "\n".join(unseen.section(unseen.told()))
    assert wrong
    assert all(f"| {one['filesystem']} | `{one['role']}` |" in shown for one in wrong)


def test_the_page_is_what_was_recorded() -> None:
    assert (page.DOCS / "matrix.md").read_text(encoding="utf-8") == page.page(results.read(ROWS))


def test_the_picture_is_what_was_recorded() -> None:
    rows = results.read(ROWS)
    assert (page.DOCS / "matrix.svg").read_text(encoding="utf-8") == page.drawing(rows)


def test_the_picture_has_a_cell_for_each_row_of_the_oldest_generation() -> None:
    rows = [one for one in results.read(ROWS) if one["generation"] == "bookworm"]
    picture = ET.fromstring(page.drawing(results.read(ROWS)))
    fills = [rect.get("fill") for rect in picture.iter("{http://www.w3.org/2000/svg}rect")]
    recorded = {sign.colour for sign in Sign if sign is not Sign.UNRECORDED}
    assert sum(fill in recorded for fill in fills) == len(rows) + len(recorded)  # and the legend


@pytest.mark.parametrize(
    ("release", "version"),
    [
        ("6.18.44-fc-v657", "6.18.44"),
        ("6.1.176", "6.1.176"),
        ("6.1.0-50-amd64", "6.1.0-50"),  # Debian counts so what are 6.1.150 and so on
        ("6.12.117+deb13-amd64", "6.12.117"),
    ],
)
def test_a_kernels_version(release: str, version: str) -> None:
    assert results.version(release) == version


def test_the_second_kernel_is_told_from_the_hosts() -> None:
    """Only it exports a directory to itself."""
    nfs = {one["kernel"] for one in results.read(ROWS) if one["filesystem"].startswith("nfs")}
    assert nfs == uml.RECORDED


def _luminance(colour: str) -> float:
    """Relative, as WCAG 2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear))


def _contrast(one: str, other: str) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("sign", Sign)
def test_a_letter_can_be_read_on_its_colour(sign: Sign) -> None:
    """With the contrast that WCAG 2 asks of text."""
    assert _contrast(sign.ink, sign.colour) >= 4.5


def test_yes_and_no_are_two_greys() -> None:
    assert _contrast(Sign.YES.colour, Sign.NO.colour) > 2


def test_an_own_loss_is_told_in_full() -> None:
    losses = [f"loss {number}" for number in range(4)]
    assert "; ".join(losses) in page.page([row("ext4", "loses", losses=losses)])


def test_every_file_system_and_role_is_recorded() -> None:
    rows = results.read(ROWS)
    assert {one["filesystem"] for one in rows} == set(FILESYSTEMS)
    assert {one["role"] for one in rows} == set(ROLES)
    assert {one["role"] for one in rows} >= {role.id for role in engines.roles()}


def test_every_row_has_findings() -> None:
    found = {results.key(FINDINGS, one) for one in results.read(FINDINGS)}
    asked = ({**row, "asked_as": ROLES[row["role"]].asked_as} for row in results.read(ROWS))
    assert {results.key(FINDINGS, one) for one in asked} <= found


@pytest.mark.parametrize("kind", [ROWS, FINDINGS])
def test_nothing_is_recorded_twice_on_one_kernel(kind: str) -> None:
    count = Counter(results.key(kind, one) for one in results.read(kind))
    assert [name for name, times in count.items() if times > 1] == []


def test_what_the_second_kernel_lacks_is_skipped_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no report, nor a failure."""
    monkeypatch.setattr(inside, "missing", lambda _: "no mkfs.xyz")
    inside.main(tmp_path, "ext4")
    with pytest.raises(pytest.skip.Exception, match="ext4: no mkfs"):
        skip_if_missing(tmp_path, "ext4")
    skip_if_missing(tmp_path, "xfs")
