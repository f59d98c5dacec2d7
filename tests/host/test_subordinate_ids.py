"""Whose ids are mapped, and what few of them mean: nothing of the file system, which is ext4."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import fscaps
from fscaps import Fitness, Outcome, Reason
from fscaps._linux import mounts, subordinate
from fscaps._linux.processes import Helper, HelperTimeoutError
from lab import user
from lab.filesystems import FILESYSTEMS, missing

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="asking as another user needs root")

ROLE = "podman/rootless"
ASKED = ("files", "owners", "capability", "setuid")
ENOUGH = "lab:300000:65536\n"
FEW = "lab:300000:10000\n"


@pytest.fixture
def etc(tmp_path: Path) -> Iterator[Path]:
    """The files that say who has which ids, in this mount namespace alone."""
    user.introduce(tmp_path)
    (tmp_path / "etc/nsswitch.conf").write_text("passwd: files\n")
    yield tmp_path / "etc"
    subprocess.run(["umount", "/etc"], check=True)


@pytest.fixture
def his(tmp_path: Path) -> Iterator[Path]:
    """A directory of the user's on ext4."""
    if missing(FILESYSTEMS["ext4"]):
        pytest.skip(f"ext4: {missing(FILESYSTEMS['ext4'])}")
    with FILESYSTEMS["ext4"](tmp_path) as directory:
        user.give(directory)
        yield directory


def _say(etc: Path, uids: str, gids: str, source: str = "") -> None:
    (etc / "subuid").write_text(uids)
    (etc / "subgid").write_text(gids)
    (etc / "nsswitch.conf").write_text(f"passwd: files\n{source}\n")


@pytest.mark.parametrize(
    ("uids", "gids"),
    [
        pytest.param(ENOUGH, ENOUGH, id="the same"),
        pytest.param(ENOUGH, "lab:400000:65536\n", id="others for groups"),
        pytest.param("lab:300000:30000\nlab:400000:40000\n", ENOUGH, id="two ranges"),
        pytest.param(f"{user.ID}:300000:30000\nlab:400000:40000\n", ENOUGH, id="by number"),
        pytest.param(
            "# none\n\nsomebody:1\nroot:5:7\n" + ENOUGH, ENOUGH, id="after what is not his"
        ),
    ],
)
def test_all_his_ranges_are_mapped(etc: Path, his: Path, uids: str, gids: str) -> None:
    """newuidmap(1) and newgidmap(1) refuse what is not in the file of their own."""
    _say(etc, uids, gids)
    report = fscaps.survey(his, user=user.ID, roles=[ROLE])
    assert report[ROLE].fitness is Fitness.SUITABLE, report[ROLE]
    assert report.findings["rootless.ids"].outcome is Outcome.YES


def test_the_ranges_follow_each_other(etc: Path) -> None:
    """What the kernel then has as the maps of a process (user_namespaces(7))."""
    _say(etc, "lab:300000:30000\nlab:500000:35535\n", "lab:400000:65535\n")

    def answer(question: str) -> str:
        if question == "leave":
            mounts.leave_user_namespace()
        return str(subordinate.last_mapped())

    helper = Helper(answer)
    try:
        helper.ask("leave", 5.0)
        subordinate.map_ids(helper.pid, subordinate.somebody())
        process = Path(f"/proc/{helper.pid}")
        uids, gids = (
            [line.split() for line in (process / name).read_text().splitlines()]
            for name in ("uid_map", "gid_map")
        )
        assert helper.ask("", 5.0) == "65535"
    finally:
        helper.end()
    assert uids == [["0", "1000", "1"], ["1", "300000", "30000"], ["30001", "500000", "35535"]]
    assert gids == [["0", "1000", "1"], ["1", "400000", "65535"]]


@pytest.mark.parametrize("few", [(FEW, FEW), (ENOUGH, FEW), (FEW, ENOUGH), ("lab:9:1", "lab:9:1")])
def test_few_ids_are_told_and_the_file_system_is_not_blamed(
    etc: Path, his: Path, few: tuple[str, str]
) -> None:
    _say(etc, *few)
    report = fscaps.survey(his, user=user.ID, only=[f"rootless.{name}" for name in (*ASKED, "ids")])
    assert {report.findings[f"rootless.{name}"].outcome for name in ASKED} == {Outcome.YES}
    report = fscaps.survey(his, user=user.ID, roles=[ROLE])
    assert report[ROLE].fitness is Fitness.DEGRADED
    (lost,) = report[ROLE].concerns
    assert lost.any_of == ("rootless.ids",)
    assert "potentially insufficient UIDs or GIDs available in user namespace" in lost.says


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (("", ""), "0 subordinate uids in /etc/subuid, 0 subordinate gids in /etc/subgid"),
        ((ENOUGH, ""), "65536 subordinate uids in /etc/subuid, 0 subordinate gids"),
        (("", "", "subid: sss"), "nsswitch.conf has them from sss, which was not asked"),
        ((ENOUGH * 2, ENOUGH), "newuidmap refused: newuidmap: "),
        ((f"lab:{user.ID}:65536", ENOUGH), "newuidmap refused: newuidmap: "),
    ],
)
def test_ids_that_cannot_be_mapped_say_nothing(
    etc: Path, his: Path, said: tuple[str, ...], why: str
) -> None:
    """Ranges that overlap each other, or his own uid, are refused to the engines, too."""
    _say(etc, *said)
    report = fscaps.survey(his, user=user.ID, roles=[ROLE])
    assert report[ROLE].fitness is Fitness.UNDETERMINED
    for name in ("files", "owners"):
        found = report.findings[f"rootless.{name}"]
        assert (found.outcome, found.reason) == (Outcome.UNKNOWN, Reason.PRIVILEGE)
        assert why in found.detail


@pytest.mark.parametrize(
    ("source", "outcome"),
    [
        ("subid: sss", Outcome.UNKNOWN),
        ("subid:sss files", Outcome.UNKNOWN),
        ("subid: files", Outcome.NO),
        ("#subid: sss", Outcome.NO),
    ],
)
def test_ids_that_others_know_are_not_counted(
    etc: Path, his: Path, source: str, outcome: Outcome
) -> None:
    _say(etc, FEW, FEW, source)
    found = fscaps.survey(his, user=user.ID, only=["rootless.ids"]).findings["rootless.ids"]
    assert found.outcome is outcome


@pytest.mark.parametrize(
    ("uids", "gids"),
    [
        ("", ""),
        (FEW, FEW),
        (ENOUGH, FEW),
        (ENOUGH, ENOUGH),
        pytest.param(ENOUGH * 2, ENOUGH, id="twice the same"),
        pytest.param(ENOUGH, ENOUGH + "lab:365535:1\n", id="one in another"),
        pytest.param(f"lab:{user.ID - 5}:65536", ENOUGH, id="his own"),
        pytest.param("lab:300000:0\n" + ENOUGH, ENOUGH, id="an empty one"),
        pytest.param(f"lab:{(1 << 32) - 100}:65536", ENOUGH, id="beyond the last id"),
    ],
)
def test_what_somebody_has_is_not_what_root_asks(
    etc: Path, his: Path, uids: str, gids: str
) -> None:
    _say(etc, uids, gids)
    report = fscaps.survey(his, roles=[ROLE, "docker/rootless"])
    assert report[ROLE].fitness is Fitness.SUITABLE, report[ROLE]
    assert not [need for need in report["docker/rootless"].concerns if need.any_of]
    assert "--as USER" in report.findings["rootless.ids"].detail


SILENT = """
#include <pwd.h>
#include <unistd.h>
int getpwnam_r(const char *n, struct passwd *p, char *b, size_t s, struct passwd **r)
{ for (;;) pause(); }
int getpwuid_r(uid_t u, struct passwd *p, char *b, size_t s, struct passwd **r)
{ for (;;) pause(); }
"""


@pytest.fixture
def silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory server that never answers, in the place of all that nsswitch.conf(5) names."""
    source, library = tmp_path / "silent.c", tmp_path / "silent.so"
    source.write_text(SILENT)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True)
    tmp_path.chmod(0o711)
    monkeypatch.setenv("LD_PRELOAD", str(library))


@pytest.mark.usefixtures("silent")
def test_a_silent_directory_server_costs_root_nothing(etc: Path, his: Path) -> None:
    """Whom only it knows is passed over."""
    _say(etc, "unknown:300000:65536\n", "unknown:300000:65536\n")
    report = fscaps.survey(his, roles=[ROLE], timeout=2)
    assert report[ROLE].fitness is Fitness.SUITABLE, report[ROLE]


def test_a_user_whose_name_nobody_tells_is_not_said_to_have_no_ids(
    etc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The silence is made up: the caller has to know him, so that he can be asked for."""
    (etc / "passwd").write_text("lab:x:1000:1000::/:\n")
    _say(etc, ENOUGH, ENOUGH)
    monkeypatch.setattr(subordinate, "_looked_up", lambda _owner: signal.pause())
    with pytest.raises(HelperTimeoutError):
        subordinate.ourselves(0.2)


def test_root_asks_for_the_first_who_has_enough(etc: Path) -> None:
    """Or, if nobody has, for one whose range nobody else has."""
    (etc / "passwd").write_text("root:x:0:0::/:\nfew:x:7:8::/:\nlab:x:1000:1001::/:\n")
    other = "few:300000:10000\nnobody-knows:500000:65536\n0:600000:65536\n²:1:9\nno\0name:1:9\n"
    _say(etc, other + "lab:700000:65535\n", other + "1000:800000:65535\n")
    asked = subordinate.somebody()
    assert (asked.uid, asked.gid) == (1000, 1001)
    assert [(one.first, one.count) for one in asked.uids] == [(700000, 65535)]
    assert [(one.first, one.count) for one in asked.gids] == [(800000, 65535)]
    _say(etc, other + "lab:700000:65534\n", other)
    (made_up,) = subordinate.somebody().uids
    assert made_up.first >= 700000 + 65534
    assert made_up.count >= subordinate.ENOUGH
    _say(etc, other + "lab:4294900000:67295\n", other)
    (made_up,) = subordinate.somebody().uids
    assert made_up.first + made_up.count < 1 << 32
