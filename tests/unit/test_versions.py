"""Engines of a version: what is named, what holds of it, what is said of it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from unit import nouns
from unit.running import run

from fscaps import Engine, Fitness, Outcome, engines, judge
from fscaps._judge import pick
from fscaps.engines import _versions
from fscaps.model import Driver, Edition, Level, Role, UnknownRoleError

if TYPE_CHECKING:
    from pathlib import Path

EARLY = dataclasses.replace(nouns.need("a.early"), before="23.0.6")
LATE = dataclasses.replace(nouns.need("a.late"), since="25")
LESS = dataclasses.replace(nouns.need("a.early", level=Level.SHOULD), since="23.0.6")
ROLE = nouns.role(EARLY, LATE, LESS, identity="e/use")
OTHER = nouns.role(nouns.need("a.always"), identity="other/use")
OLD = Driver("old", "e/use", (nouns.need("a.old"),), before="23")
CHECK = dataclasses.replace(nouns.need("a.closer"), since="25")
LAXER = dataclasses.replace(nouns.need("a.laxer"), before="25")
LATER = Driver("later", "e/use", (nouns.need("a.old"),), since="29")
NEW = Driver("new", "e/use", (nouns.need("a.new"), CHECK, LAXER))
ENGINE = Engine("e", "an engine", (ROLE,), (LATER, OLD, NEW), "20.10", "28.5")


@pytest.fixture(autouse=True)
def _only_these(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engines are replaced, so that this holds whatever they are."""
    every = {"e": ENGINE, "other": Engine("other", "another", (OTHER,))}
    monkeypatch.setattr(engines, "_ids", lambda: tuple(every))
    monkeypatch.setattr(engines, "_engine", every.__getitem__)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("28", (28,)),
        ("28.5.2", (28, 5, 2)),
        ("v28.5.2", (28, 5, 2)),
        ("20.10.24+dfsg1", (20, 10, 24)),
        ("2.1.9~ds1", (2, 1, 9)),
        ("28.0.0-rc.1", (28, 0, 0)),
    ],
)
def test_versions_are_read_as_engines_and_distributions_write_them(
    text: str, numbers: tuple[int, ...]
) -> None:
    assert _versions.numbers(text) == numbers


@pytest.mark.parametrize("text", ["", "x", "28.", "28..5", "vv28", "-1", "٢٨", "9" * 10])
def test_what_is_no_version_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="no version"):
        _versions.numbers(text)


@pytest.mark.parametrize(
    ("version", "needs"),
    [
        ("20.10.24", (EARLY,)),
        ("23", (EARLY, LESS)),  # any of 23, and so the worst
        ("23.0", (EARLY, LESS)),
        ("23.0.5", (EARLY,)),
        ("23.0.6", (LESS,)),
        ("24", (LESS,)),
        ("25", (LATE, LESS)),
        ("25.0.1", (LATE, LESS)),
    ],
)
def test_a_role_of_a_version_has_the_needs_of_that(version: str, needs: tuple[object, ...]) -> None:
    (role,) = engines.roles([f"e/use@{version}"])
    assert (role.needs, role.version) == (needs, version)
    assert engines.roles([f"e@{version}"]) == [role]


NEWER = Edition("25", "a part of it", elsewhere="the rest lies there")
CHOSEN = Edition("25", "a use", alternative=True)
UNASKED = nouns.need("a.unasked")


@pytest.fixture
def editions(monkeypatch: pytest.MonkeyPatch) -> None:
    """A role that is a part since 25, one that has to be chosen since, and a driver's."""
    first = Role("e/first", "all of it", (EARLY, LATE), newer=NEWER)
    second = Role("e/second", "a use", (EARLY,), newer=CHOSEN)
    slow, less, other = (
        Role(f"e/{name}", f"a {name} use", needs, alternative=True)
        for name, needs in (
            ("slow", (EARLY, LATE, UNASKED)),  # a driver's
            ("less", (LATE,)),  # asks nothing more
            ("other", (UNASKED,)),
        )
    )
    drivers = (Driver("slow", "e/slow", (), before="25"), Driver("none", None, ()))
    engine = Engine("e", "an engine", (first, second, slow, less, other), drivers, "20.10", "24.5")
    monkeypatch.setattr(engines, "_ids", lambda: ("e",))
    monkeypatch.setattr(engines, "_engine", {"e": engine}.__getitem__)


@pytest.mark.usefixtures("editions")
@pytest.mark.parametrize(
    ("name", "titles", "elsewhere"),
    [
        ("e", ["all of it", "a use"], "the rest lies there"),  # in newer ones
        ("e@24", ["all of it", "a use"], ""),
        ("e@25", ["a part of it"], "the rest lies there"),
        ("e@25.1", ["a part of it"], "the rest lies there"),
        ("e/second@25", ["a use"], ""),
        ("e/[fs][ie]*@25", ["a part of it", "a use"], "the rest lies there"),
    ],
)
def test_a_role_is_what_that_version_makes_of_it(
    name: str, titles: list[str], elsewhere: str
) -> None:
    chosen = engines.roles([name])
    assert [role.title for role in chosen] == titles
    assert not any(role.alternative for role in chosen)
    first = judge({}, chosen)[chosen[0].id]
    assert first.elsewhere == elsewhere


@pytest.mark.usefixtures("editions")
@pytest.mark.parametrize(
    ("names", "beside"),
    [
        (None, []),  # all are judged anyway
        (["e"], [("e/slow", "", (EARLY, LATE, UNASKED)), ("e/less", "", (LATE,))]),
        (["e@22"], [("e/slow", "22", (EARLY, UNASKED)), ("e/less", "22", ())]),
        (["e@25"], [("e/second", "25", ())]),  # which does not try it, and is what is less
        (["e/first"], []),
        (["e", "e/slow"], [("e/less", "", (LATE,)), ("e/other", "", (UNASKED,))]),
    ],
)
def test_beside_an_engine_its_drivers_roles_are_judged(
    names: list[str] | None, beside: list[tuple[str, str, tuple[object, ...]]]
) -> None:
    roles = engines.beside(names)
    assert [(role.id, role.version, role.needs) for role in roles] == beside
    assert all(role.alternative for role in roles)


def test_without_a_version_the_verdict_is_of_the_worst() -> None:
    findings = nouns.found({"a.early": Outcome.NO, "a.late": Outcome.YES})

    def verdict(name: str) -> tuple[Fitness, str]:
        found = judge(findings, engines.roles([name]))["e/use"]
        return found.fitness, found.version

    assert verdict("e") == (Fitness.UNSUITABLE, "")
    assert verdict("e@20.10") == (Fitness.UNSUITABLE, "20.10")
    assert verdict("e@28") == (Fitness.DEGRADED, "28")


def test_a_need_says_of_which_versions_it_is() -> None:
    findings = nouns.found({"a.early": Outcome.NO, "a.late": Outcome.NO})
    unmet = judge(findings, [ROLE])["e/use"].blockers
    assert [(need.since, need.before) for need in unmet] == [("", "23.0.6"), ("25", "")]


@pytest.mark.parametrize(
    ("name", "driver"),
    [("e", "new"), ("e@28", "new"), ("e@23", "new"), ("e@22.6", "old"), ("e@29", "later")],
)
def test_the_pick_is_that_of_the_version_or_of_the_newest(name: str, driver: str) -> None:
    (engine,) = engines.whole([name])
    findings = nouns.found(dict.fromkeys(("a.old", "a.new", "a.closer", "a.laxer"), Outcome.YES))
    assert pick(findings, engine).driver == driver
    assert [one.id for one in engines.whole()[0].drivers] == ["new"]


@pytest.mark.parametrize(
    ("name", "checks"),
    [("e", ["a.new", "a.closer"]), ("e@25", ["a.new", "a.closer"]), ("e@24", ["a.new", "a.laxer"])],
)
def test_what_an_engine_checks_is_that_of_the_version_or_of_the_newest(
    name: str, checks: list[str]
) -> None:
    (engine,) = engines.whole([name])
    assert [check.any_of[0].id for check in engine.drivers[-1].chosen_if] == checks


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["e@"], "no version: ''"),
        (["e@x"], "no version: 'x'"),
        (["e@1@2"], "no version: '1@2'"),
        (["other@6"], "a version is of one engine that has some, not of 'other'"),
        (["*/use@6"], "a version is of one engine"),
        (["e@20", "e@28"], "e/use cannot be of two versions: 20 and 28"),
        (["e", "e/use@28"], "e/use cannot be of two versions: all and 28"),
    ],
)
def test_a_version_that_makes_no_sense_is_an_error(names: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        engines.roles(names)


def test_a_version_of_an_unknown_role_is_an_unknown_role() -> None:
    with pytest.raises(UnknownRoleError):
        engines.roles(["nobody@28"])


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("20.10.24", 0),
        ("20.10", 0),
        ("28.5.99", 0),
        ("20.9", 1),
        ("19.03", 1),
        ("28.6", 1),
        ("29", 1),
    ],
)
def test_a_version_that_nobody_has_run_is_told_of(version: str, told: int) -> None:
    said = engines.unmeasured(engines.roles([f"e@{version}"]))
    assert len(said) == told
    assert all(f"e {version} was not run, only 20.10 to 28.5" in text for text in said)
    assert engines.unmeasured(engines.roles()) == []


def test_the_report_names_the_version(tmp_path: Path) -> None:
    """Beside the kernel, because it limits what the verdict is about."""
    done = run("--for", "docker/image@28.5.2", str(tmp_path))
    assert "\njudged:   for docker 28.5.2\n" in done.stdout
    assert "judged:" not in run("--for", "docker/image", str(tmp_path)).stdout


def test_bad_versions_are_one_line(tmp_path: Path) -> None:
    done = run("--for", "docker@latest", str(tmp_path))
    assert (done.returncode, done.stderr) == (2, "fscaps: no version: 'latest'\n")


WORDED = dataclasses.replace(
    nouns.need("a.worded"), says="old {error}", reworded=(("5.2", "new {error}"), ("6", "{Error}"))
)


@pytest.mark.parametrize(
    ("version", "says"),
    [("5.1.9", "old {error}"), ("5.2", "new {error}"), ("5", "new {error}"), ("6.1", "{Error}")],
)
def test_a_need_of_a_version_is_in_its_words(version: str, says: str) -> None:
    (need,) = _versions.role_of(nouns.role(WORDED), version).needs
    assert (need.says, need.reworded) == (says, ())


def test_without_a_version_each_line_of_any_is_told_once() -> None:
    again = dataclasses.replace(WORDED, reworded=(("5.2", "new\nold {error}"), ("6", "{Error}")))
    found = {"a.worded": dataclasses.replace(nouns.finding("a.worded", Outcome.NO), errno="EPERM")}
    (verdict,) = judge(found, [nouns.role(again)]).values()
    assert verdict.blockers[0].says.splitlines() == [
        "old operation not permitted",
        "new",
        "Operation not permitted",
    ]
