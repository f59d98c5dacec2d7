"""The nouns are frozen and picklable, and a report cannot be misread."""

from __future__ import annotations

import copy
import dataclasses
import itertools
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st
from unit import nouns
from unit.nouns import finding, found, need, role

import fscaps
from fscaps import (
    Advice,
    Attachment,
    Driver,
    Edition,
    Engine,
    Finding,
    Fitness,
    FscapsError,
    Host,
    Level,
    Mount,
    Mounting,
    Outcome,
    Pick,
    Placement,
    PlatformError,
    Reason,
    Report,
    SandboxError,
    TargetError,
    UnknownRoleError,
    Unmet,
    UnsuitableError,
    Verdict,
    engines,
    judge,
    probes,
)

if TYPE_CHECKING:
    from pathlib import Path
from fscaps.errors import printable

UNMET = Unmet(("a.b",), "It would not work.", "man 2 open", "no", "another disk")
VERDICT = Verdict("docker/image", "image metadata", Fitness.UNSUITABLE, (UNMET,), (UNMET,), ())
PROBE = next(iter(probes.every().values()))
ROLE = engines.roles()[0]
ADVICE = Advice(Outcome.YES, "It can.", "One at a time.", (ROLE.id,))
PROBLEM = fscaps.Problem("in-use", "It is held.", "a.go:b", "stop it", breaks=False)
EXPLAINED = fscaps.Explained("It is so.", fscaps.Standing.OPEN, ("a.b",), "ls", "mend it")
RECOGNISED = fscaps.Recognised("a/b", "a line", "It is so.", "a", "b.go:c", (EXPLAINED,))
NOUNS: list[Any] = [
    PROBE,
    Finding("a.b", Outcome.UNKNOWN, Reason.TIMEOUT, "EIO", "words", 1.5, 0.1),
    ROLE.needs[0],
    ROLE,
    next(iter(engines.every().values())),
    UNMET,
    VERDICT,
    Driver("overlay2", ROLE.id, ROLE.needs[:1], "none"),
    Edition("29", "a use", elsewhere="the rest"),
    Pick("overlay2", ROLE.id),
    ADVICE,
    Placement(Attachment.LOCAL, ADVICE, ADVICE, ADVICE, (ADVICE,)),
    Mount(1, "/", "ext4", "/dev/sda", ("rw",), ("rw",), ("shared:1",), "0xef53", ("sda",)),
    Host(
        "6.1.0", "x86_64", 0, ("CAP_MKNOD",), True, "", ("selinux",), True, 9, 9, "enforcing", "x"
    ),
    nouns.report([VERDICT], found({"a.b": Outcome.NO})),
    PROBLEM,
    fscaps.Store("docker", ("overlay2",), ("20.10",), 8, (PROBLEM,), ("time was up",)),
    EXPLAINED,
    RECOGNISED,
    fscaps.Explanation((RECOGNISED,), "/x", found({"a.b": Outcome.NO}), ("w",)),
]
ERRORS: list[FscapsError] = [
    TargetError("/no\nsuch", "No such file or directory", "ENOENT"),
    UnknownRoleError("dokcer"),
    PlatformError("not Linux"),
    SandboxError("no worker"),
    UnsuitableError(nouns.report([VERDICT]), VERDICT),
    fscaps.ReportError("no report"),
]


def verdict(identity: str, fitness: Fitness) -> Verdict:
    """A verdict that is nothing but its fitness."""
    return Verdict(identity, f"the use {identity}", fitness)


def named(thing: object) -> str:
    """A test's name for an example."""
    return type(thing).__name__


def test_an_example_of_every_noun_is_tested_here() -> None:
    public = {getattr(fscaps, name) for name in fscaps.__all__}
    types = {thing for thing in public if dataclasses.is_dataclass(thing)}
    assert {type(noun) for noun in NOUNS} == types


@pytest.mark.parametrize("noun", NOUNS, ids=named)
def test_a_noun_cannot_be_changed(noun: Any) -> None:
    for field in dataclasses.fields(noun):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(noun, field.name, None)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("noun", NOUNS, ids=named)
def test_a_noun_survives_pickling(noun: object, protocol: int) -> None:
    assert pickle.loads(pickle.dumps(noun, protocol)) == noun


@pytest.mark.parametrize("noun", NOUNS, ids=named)
def test_a_noun_can_be_copied(noun: object) -> None:
    assert copy.deepcopy(noun) == noun


def test_every_probe_is_pickled_by_name_and_comes_back_as_itself() -> None:
    for probe in probes.every().values():
        assert pickle.loads(pickle.dumps(probe)) is probe


def test_every_engine_survives_pickling() -> None:
    for engine in engines.every().values():
        again = pickle.loads(pickle.dumps(engine))
        assert isinstance(again, Engine)
        assert again == engine


@given(nouns.reports())
def test_every_report_survives_pickling(report: Report) -> None:
    assert pickle.loads(pickle.dumps(report)) == report


@pytest.mark.parametrize("error", ERRORS, ids=named)
def test_an_exception_survives_pickling_with_its_attributes(error: FscapsError) -> None:
    """An installer's process pool hands exceptions from one process to another."""
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


@pytest.mark.parametrize("error", ERRORS, ids=named)
def test_every_exception_is_one_line_and_one_of_ours(error: FscapsError) -> None:
    assert isinstance(error, FscapsError)
    assert str(error).isprintable()


@pytest.mark.parametrize("kind", [Outcome, Reason, Level, Fitness, Mounting])
def test_the_words_are_strings(kind: Any) -> None:
    for name, word in kind.__members__.items():
        assert isinstance(word, str)
        assert word == name.lower()
        assert pickle.loads(pickle.dumps(word)) is word


def test_suitable_and_degraded_fit_and_nothing_else() -> None:
    assert [fitness for fitness in Fitness if fitness.fits] == [
        Fitness.SUITABLE,
        Fitness.DEGRADED,
    ]


# --- a verdict ------------------------------------------------------------------------------


def test_a_verdict_knows_its_engine() -> None:
    assert verdict("docker/data-root", Fitness.SUITABLE).engine == "docker"


def test_each_remedy_once_and_the_most_pressing_first() -> None:
    judged = judge(
        found({"a.no": Outcome.NO, "a.unknown": Outcome.UNKNOWN}),
        [
            role(
                need("a.no", level=Level.SHOULD, remedy="for a concern"),
                need("a.unknown", remedy="for an open question"),
                need("a.no", remedy="for a blocker"),
                need("a.no", remedy="for a blocker"),
                need("a.no"),
            )
        ],
    )["engine/role"]
    assert judged.remedies == ("for a blocker", "for an open question", "for a concern")


# --- a report -------------------------------------------------------------------------------

FITNESSES = list(itertools.product(Fitness, repeat=3))


def of_engine(fitnesses: tuple[Fitness, ...], engine: str = "e") -> list[Verdict]:
    """The verdicts of an engine whose roles fit so."""
    return [verdict(f"{engine}/r{number}", one) for number, one in enumerate(fitnesses)]


def test_a_report_behind_an_if_raises_with_the_cure() -> None:
    report = nouns.report([verdict("docker/data-root", Fitness.UNSUITABLE)])
    with pytest.raises(TypeError, match=r"report\['docker/data-root'\]\.fitness\.fits"):
        bool(report)


def test_a_report_is_asked_for_a_verdict_by_role() -> None:
    suitable = verdict("e/a", Fitness.SUITABLE)
    report = nouns.report([suitable, verdict("e/b", Fitness.UNSUITABLE)])
    assert report["e/a"] is suitable
    with pytest.raises(KeyError):
        report["e/c"]


@pytest.mark.parametrize("fitnesses", FITNESSES)
def test_the_best_is_the_most_demanding_that_fits(fitnesses: tuple[Fitness, ...]) -> None:
    report = nouns.report([*of_engine((Fitness.SUITABLE,), "other"), *of_engine(fitnesses)])
    fitting = [f"e/r{number}" for number, one in enumerate(fitnesses) if one.fits]
    best = report.best("e")
    assert (best.id if best else None) == (fitting[0] if fitting else None)


def test_the_best_is_no_alternative() -> None:
    """Which somebody would have to choose, and which is told apart."""
    chosen = dataclasses.replace(verdict("e/other", Fitness.SUITABLE), alternative=True)
    unfit = dataclasses.replace(verdict("e/third", Fitness.UNSUITABLE), alternative=True)
    report = nouns.report([verdict("e/all", Fitness.UNSUITABLE), chosen, unfit])
    assert report.best("e") is None
    assert report.alternatives("e") == (chosen,)


def test_the_best_of_an_engine_that_was_not_judged_is_an_error() -> None:
    with pytest.raises(UnknownRoleError, match="podman"):
        nouns.report([verdict("docker/image", Fitness.SUITABLE)]).best("podman")


def test_an_engine_is_not_taken_for_another_whose_name_begins_alike() -> None:
    report = nouns.report([verdict("docker-ee/all", Fitness.SUITABLE)])
    assert report.engines == ("docker-ee",)
    with pytest.raises(UnknownRoleError):
        report.best("docker")


@pytest.mark.parametrize("fitness", Fitness)
def test_require_returns_what_fits_and_raises_for_the_rest(fitness: Fitness) -> None:
    wanted = verdict("e/a", fitness)
    report = nouns.report([wanted])
    if fitness in (Fitness.SUITABLE, Fitness.DEGRADED):
        assert report.require("e/a") is wanted
        return
    with pytest.raises(UnsuitableError) as caught:
        report.require("e/a")
    assert caught.value.report is report
    assert caught.value.verdict is wanted
    assert fitness.value in str(caught.value)


def test_require_says_which_path_and_why() -> None:
    blocked = Verdict("e/a", "a use", Fitness.UNSUITABLE, blockers=(UNMET,))
    with pytest.raises(UnsuitableError) as caught:
        nouns.report([blocked], path="/mnt/\x1b[2Jnas").require("e/a")
    assert str(caught.value) == r"/mnt/\x1b[2Jnas is unsuitable for e/a: It would not work."


def test_require_of_a_role_that_was_not_judged_is_an_error() -> None:
    with pytest.raises(UnknownRoleError, match="e/b"):
        nouns.report([verdict("e/a", Fitness.SUITABLE)]).require("e/b")


REAL_ROLES = [role.id for role in engines.roles()]


@pytest.mark.parametrize("engine", sorted(engines.every()))
@given(data=st.data())
def test_the_summary_is_one_line_of_at_most_80_characters(engine: str, data: st.DataObject) -> None:
    """For every combination of answers to what the engine's roles really need."""
    chosen = engines.roles([engine])
    ids = sorted({probe.id for one in chosen for need in one.needs for probe in need.any_of})
    bad = data.draw(st.dictionaries(st.sampled_from(ids), nouns.findings(), max_size=5))
    findings = {name: finding(name, Outcome.YES) for name in ids}
    findings.update((name, dataclasses.replace(one, probe=name)) for name, one in bad.items())
    summary = nouns.report(judge(findings, chosen).values(), findings).summary
    assert summary.isprintable()
    assert 0 < len(summary) <= 80
    assert summary.startswith(engine)


@pytest.mark.parametrize("fitnesses", FITNESSES)
def test_the_summary_of_several_engines_fits_a_line(fitnesses: tuple[Fitness, ...]) -> None:
    names = ("docker", "a-second-engine", "a-third-engine")
    verdicts = [one for name in names for one in of_engine(fitnesses, name)]
    assert 0 < len(nouns.report(verdicts).summary) <= 80


def test_the_summary_says_what_fits_and_what_decided_against_the_rest() -> None:
    lost = Finding("overlay.upper", Outcome.NO, errno="EINVAL")
    judged = judge(
        {"overlay.upper": lost},
        [
            role(need("overlay.upper"), identity="docker/data-root", title="all"),
            role(identity="docker/image", title="image metadata"),
        ],
    )
    summary = nouns.report(judged.values(), {"overlay.upper": lost}).summary
    assert summary == "docker: image metadata only (overlay.upper: no, EINVAL)"


def test_the_summary_never_calls_what_is_not_known_a_no() -> None:
    lost = Finding("overlay.upper", Outcome.UNKNOWN, Reason.PRIVILEGE)
    judged = judge({"overlay.upper": lost}, [role(need("overlay.upper"))])
    summary = nouns.report(judged.values(), {"overlay.upper": lost}).summary
    assert "could not be established" in summary
    assert "overlay.upper: unknown, privilege" in summary


@pytest.mark.parametrize("number", range(1, len(REAL_ROLES) + 1))
def test_a_long_summary_is_cut_visibly(number: int) -> None:
    verdicts = [
        Verdict(f"{'long' * 12}{index}/role", "x", Fitness.SUITABLE) for index in range(number)
    ]
    summary = nouns.report(verdicts).summary
    whole = "; ".join(f"{one.id}: suitable" for one in verdicts)
    assert summary == whole if len(whole) <= 80 else summary == f"{whole[:79]}…"


# --- printable ------------------------------------------------------------------------------


@given(nouns.file_text)
def test_printable_leaves_nothing_that_a_terminal_would_act_on(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert shown.encode("utf-8").decode("utf-8") == shown


@given(st.text().filter(str.isprintable))
def test_printable_leaves_what_is_printable_as_it_is(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("a\nb", r"a\nb"),
        ("\x1b[31m", r"\x1b[31m"),
        ("\x7f\x9b", r"\x7f\x9b"),
        ("a\u202egnp", r"a\u202egnp"),  # RIGHT-TO-LEFT OVERRIDE
        (b"\xff".decode("utf-8", "surrogateescape"), r"\udcff"),
        ("Žluť 目录", "Žluť 目录"),
    ],
)
def test_printable_escapes_what_is_not_as_python_writes_it(raw: str, shown: str) -> None:
    assert printable(raw) == shown


def test_a_report_is_written_and_read_by_public_names(tmp_path: Path) -> None:
    report = fscaps.survey(tmp_path, roles=["docker/image"], mount="never")
    assert fscaps.load(fscaps.render.render(report, "json")) == report
    assert "can back image" in fscaps.render.render(report)


def test_what_is_known_to_block_is_named_before_what_is_not_known() -> None:
    verdict = Verdict(
        "e/all",
        "all",
        Fitness.UNSUITABLE,
        blockers=(Unmet(("a.no",), "It blocks.", "x.go:f"),),
        open=(Unmet(("a.unknown",), "It may block.", "x.go:f"),),
    )
    shown = nouns.report([verdict], found({"a.no": Outcome.NO, "a.unknown": Outcome.UNKNOWN}))
    assert shown.summary == "e: nothing can live here (a.no: no)"
    with pytest.raises(UnsuitableError, match=r"for e/all: It blocks\.$"):
        shown.require("e/all")
