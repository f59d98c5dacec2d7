"""Judging is three-valued and monotone, and says what the engine will say."""

from __future__ import annotations

import errno
import itertools
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st
from unit import nouns
from unit.nouns import NAMES, Answers, found, need, role

from fscaps import (
    Driver,
    Engine,
    Finding,
    Fitness,
    Level,
    Need,
    Outcome,
    Pick,
    Reason,
    Role,
    Verdict,
    engines,
    judge,
    probes,
)
from fscaps._judge import _words, pick
from fscaps.engines import _remedies

YES, NO, UNKNOWN = Outcome.YES, Outcome.NO, Outcome.UNKNOWN
SUITABLE, DEGRADED = Fitness.SUITABLE, Fitness.DEGRADED
UNSUITABLE, UNDETERMINED = Fitness.UNSUITABLE, Fitness.UNDETERMINED

GOODNESS = {UNSUITABLE: 0, UNDETERMINED: 1, DEGRADED: 2, SUITABLE: 3}
"""How good a verdict is: what is known to fail is worse than what may yet work."""

PROMISE = {UNSUITABLE: 0, UNDETERMINED: 0, DEGRADED: 1, SUITABLE: 2}
"""How much a verdict lets one rely on: nothing at all where it is unfit *or* not known."""


def verdict(judged: Role, answers: dict[str, Outcome]) -> Verdict:
    """The verdict on the role if the probes were answered so."""
    return judge(found(answers), [judged])[judged.id]


@pytest.mark.parametrize(
    ("must", "should", "fitness"),
    [
        (YES, YES, SUITABLE),
        (YES, NO, DEGRADED),
        (YES, UNKNOWN, DEGRADED),
        (NO, YES, UNSUITABLE),
        (NO, NO, UNSUITABLE),
        (NO, UNKNOWN, UNSUITABLE),
        (UNKNOWN, YES, UNDETERMINED),
        (UNKNOWN, NO, UNDETERMINED),
        (UNKNOWN, UNKNOWN, UNDETERMINED),
    ],
)
def test_fitness_follows_from_what_must_and_what_should_be(
    must: Outcome, should: Outcome, fitness: Fitness
) -> None:
    judged = role(need("a.must"), need("a.should", level=Level.SHOULD))
    assert verdict(judged, {"a.must": must, "a.should": should}).fitness is fitness


def test_one_must_that_fails_outweighs_all_that_is_unknown() -> None:
    judged = role(need("a.unknown"), need("a.no"), need("a.yes"))
    answers = {"a.unknown": UNKNOWN, "a.no": NO, "a.yes": YES}
    assert verdict(judged, answers).fitness is UNSUITABLE


def test_a_role_without_needs_is_suitable() -> None:
    assert verdict(role(), {}).fitness is SUITABLE


@pytest.mark.parametrize("answers", list(itertools.product(Outcome, repeat=2)))
def test_any_of_is_yes_if_any_is_and_no_only_if_all_are(answers: tuple[Outcome, Outcome]) -> None:
    given_ = dict(zip(("a.first", "a.second"), answers))
    expected = SUITABLE if YES in answers else UNSUITABLE if set(answers) == {NO} else UNDETERMINED
    assert verdict(role(need("a.first", "a.second")), given_).fitness is expected


@given(nouns.answers)
def test_a_standing_caveat_is_lifted_by_no_answer(answers: dict[str, Outcome]) -> None:
    caveat = need(level=Level.SHOULD)
    judged = verdict(role(caveat), answers)
    assert judged.fitness is DEGRADED
    assert [unmet.because for unmet in judged.concerns] == [caveat.because]
    assert verdict(role(need()), answers).fitness is UNSUITABLE


def test_a_probe_that_was_not_asked_counts_as_unknown() -> None:
    assert verdict(role(need("a.never")), {}).fitness is UNDETERMINED
    assert verdict(role(need("a.never", level=Level.SHOULD)), {}).fitness is DEGRADED


def test_each_unmet_need_stands_once_in_the_right_list() -> None:
    judged = verdict(
        role(
            need("a.yes"),
            need("a.no"),
            need("a.unknown"),
            need("b.yes", level=Level.SHOULD),
            need("b.no", level=Level.SHOULD),
            need("b.unknown", level=Level.SHOULD),
        ),
        {f"{subject}.{answer.value}": answer for subject in "ab" for answer in Outcome},
    )
    assert [unmet.any_of for unmet in judged.blockers] == [("a.no",)]
    assert [unmet.any_of for unmet in judged.open] == [("a.unknown",)]
    assert [unmet.any_of for unmet in judged.concerns] == [("b.no",), ("b.unknown",)]


def test_a_verdict_for_each_role_in_the_order_given() -> None:
    asked = [role(identity=f"engine/{name}", title=name) for name in ("b", "a", "c")]
    judged = judge({}, asked)
    assert list(judged) == ["engine/b", "engine/a", "engine/c"]
    assert [(one.id, one.title) for one in judged.values()] == [(o.id, o.title) for o in asked]


# --- properties -----------------------------------------------------------------------------


@given(nouns.roles, nouns.answers, st.sampled_from(NAMES))
def test_turning_an_answer_into_yes_never_worsens_a_verdict(
    judged: Role, answers: dict[str, Outcome], turned: str
) -> None:
    before = verdict(judged, answers).fitness
    after = verdict(judged, {**answers, turned: YES}).fitness
    assert GOODNESS[after] >= GOODNESS[before]


@given(nouns.roles, nouns.answers, st.sampled_from(NAMES), st.sampled_from((UNKNOWN, None)))
def test_turning_an_answer_into_unknown_never_makes_a_verdict_look_better(
    judged: Role, answers: dict[str, Outcome], turned: str, unknown: Answers
) -> None:
    """Nobody may rely on more than before: UNSUITABLE may turn UNDETERMINED, and no further."""
    before = verdict(judged, answers).fitness
    changed = {**answers, turned: unknown} if unknown else {**answers}
    if unknown is None:
        changed.pop(turned, None)
    after = verdict(judged, {name: kept for name, kept in changed.items() if kept}).fitness
    assert PROMISE[after] <= PROMISE[before]


@given(nouns.roles, nouns.answers, st.dictionaries(st.sampled_from(NAMES), nouns.outcomes))
def test_a_verdict_given_in_spite_of_unknowns_holds_whatever_they_turn_out_to_be(
    judged: Role, answers: dict[str, Outcome], learned: dict[str, Outcome]
) -> None:
    before = verdict(judged, answers).fitness
    news = {name: one for name, one in learned.items() if answers.get(name, UNKNOWN) is UNKNOWN}
    after = verdict(judged, {**answers, **news}).fitness
    if before is UNSUITABLE:
        assert after is UNSUITABLE
    if before.fits:
        assert PROMISE[after] >= PROMISE[before]


@given(nouns.roles, nouns.answers)
def test_undetermined_can_still_go_either_way(judged: Role, answers: dict[str, Outcome]) -> None:
    if verdict(judged, answers).fitness is not UNDETERMINED:
        return
    known = {name: one for name, one in answers.items() if one is not UNKNOWN}
    assert verdict(judged, {**dict.fromkeys(NAMES, YES), **known}).fitness.fits
    assert verdict(judged, {**dict.fromkeys(NAMES, NO), **known}).fitness is UNSUITABLE


# --- what the engine says -------------------------------------------------------------------


def said(says: str, *findings: Finding) -> str:
    """What a blocker of these probes is told to say."""
    judged = role(need(*(one.probe for one in findings), says=says))
    only = judge({one.probe: one for one in findings}, [judged])[judged.id]
    (unmet,) = (*only.blockers, *only.open)
    return unmet.says


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("EINVAL", "invalid argument"),
        ("EPERM", "operation not permitted"),
        ("EROFS", "read-only file system"),
        ("EXDEV", "invalid cross-device link"),
        ("ENOSYS", "function not implemented"),
        ("EREMOTEIO", "remote I/O error"),  # Go lowers the first letter, and no other
    ],
)
def test_errors_are_in_the_words_of_go(name: str, words: str) -> None:
    """As in syscall/zerrors_linux_amd64.go, so that one can search a log for them."""
    assert said("mount: {error}", Finding("a.b", NO, errno=name)) == f"mount: {words}"


def test_the_error_said_is_the_first_that_was_found() -> None:
    silent, first, second = (
        Finding("a.silent", NO),
        Finding("a.first", NO, errno="EPERM"),
        Finding("a.second", NO, errno="EIO"),
    )
    assert said("{error}", silent, first, second) == "operation not permitted"


def test_what_is_no_program_of_go_says_it_as_the_c_library_does() -> None:
    found = Finding("a.b", NO, errno="ENOSPC")
    assert said("mkfs: {Error}; {error}", found) == (
        "mkfs: No space left on device; no space left on device"
    )


def test_every_place_for_the_error_is_filled() -> None:
    assert said("{error}, {error}", Finding("a.b", NO, errno="EPERM")).count("{") == 0


@pytest.mark.parametrize("name", [None, "ENOSUCHERROR", "errorcode"])
def test_an_error_without_words_leaves_a_gap_and_no_braces(name: str | None) -> None:
    lost = Finding("a.b", UNKNOWN, Reason.CRASH, errno=name)
    assert said("mount: {error}", lost) == "mount: …"


def test_other_braces_are_left_alone() -> None:
    """An engine may print Go structures: ``says`` is no format string."""
    says = "failed: {0} {} {name!r} {error}"
    expected = "failed: {0} {} {name!r} operation not permitted"
    assert said(says, Finding("a.b", NO, errno="EPERM")) == expected


@pytest.mark.parametrize("name", sorted(errno.errorcode.values()))
def test_every_errno_has_words(name: str) -> None:
    assert _words(name) not in ("", "…")


FIRST = Driver("first", "e/first", (need("a.one"), need("a.two")))
LAST = Driver("last", "e/last", (need("a.three"),), "slow")
ENGINE = Engine("e", "an engine", (), (FIRST, LAST))


@pytest.mark.parametrize(
    ("one", "two", "three", "picked"),
    [
        (YES, YES, NO, Pick("first", "e/first")),
        (YES, NO, YES, Pick("last", "e/last", "slow")),
        (UNKNOWN, NO, YES, Pick("last", "e/last", "slow")),
        (NO, YES, NO, Pick(None, None)),
    ],
)
def test_an_engine_picks_the_first_driver_whose_check_is_passed(
    one: Outcome, two: Outcome, three: Outcome, picked: Pick
) -> None:
    assert pick(found({"a.one": one, "a.two": two, "a.three": three}), ENGINE) == picked


def test_which_driver_is_picked_is_open_while_one_that_comes_earlier_is_unknown() -> None:
    picked = pick(found({"a.one": YES, "a.three": YES}), ENGINE)
    assert (picked.driver, picked.role) == (None, None)
    assert [unmet.any_of for unmet in picked.open] == [("a.two",)]


@given(nouns.answers, nouns.drivers)
def test_a_pick_is_a_driver_whose_own_check_is_known_to_be_passed(
    answers: dict[str, Outcome], drivers: tuple[Driver, ...]
) -> None:
    picked = pick(found(answers), Engine("e", "", (), drivers))
    passed = [
        driver.id for driver in drivers if all(_is_met(one, answers) for one in driver.chosen_if)
    ]
    assert picked.driver is None or picked.driver in passed


def _is_met(wanted: Need, answers: dict[str, Outcome]) -> bool:
    return any(answers.get(probe.id) is YES for probe in wanted.any_of)


@pytest.mark.parametrize(
    ("outcome", "code", "remedy"),
    [
        (NO, "ENOSPC", "make room"),
        (NO, "EDQUOT", "make room"),
        (NO, "EIO", "use another"),
        (NO, None, "use another"),
        (UNKNOWN, "ENOSPC", "make room"),
    ],
)
def test_where_room_is_all_it_takes_the_remedy_is_about_room(
    outcome: Outcome, code: str | None, remedy: str
) -> None:
    """Of needs that say so; a value of an attribute that does not fit is ENOSPC, too."""
    plain = need(NAMES[0])
    roomy = replace(plain, remedy="use another", if_full="make room")
    answers = {NAMES[0]: Finding(NAMES[0], outcome, errno=code)}
    for one, expected in ((roomy, remedy), (plain, plain.remedy)):
        judged = judge(answers, [role(one)])["engine/role"]
        (unmet,) = (*judged.blockers, *judged.open)
        assert unmet.remedy == expected


def test_of_a_full_file_system_the_overlay_says_so() -> None:
    """An overlay without CAP_SYS_RESOURCE is out of room before root is (lab: ext4-over-quota)."""
    findings = {probe: Finding(probe, YES) for probe in probes.every()}
    findings["overlay.copy_up"] = Finding("overlay.copy_up", NO, errno="EDQUOT")
    judged = judge(findings, engines.roles(["docker/data-root@28"]))["docker/data-root"]
    assert judged.remedies == (_remedies.ROOM,)
