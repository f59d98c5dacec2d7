"""A report reads back as it was, fits its schema, and is safe and short on a terminal."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings, strategies as st
from unit import nouns
from unit.nouns import finding, found, need, report, role

from fscaps import (
    Finding,
    Fitness,
    Level,
    Mount,
    Outcome,
    Pick,
    Reason,
    Report,
    ReportError,
    Unmet,
    Verdict,
    engines,
    judge,
    load,
    probes,
)
from fscaps._placement import placement
from fscaps.model import SCHEMA
from fscaps.render import Style, formats, json as json_format, render

_SCHEMA = json.loads(json_format.schema())
_VALIDATOR = jsonschema.Draft202012Validator(_SCHEMA)
_COLOR = re.compile(r"\x1b\[[0-9;]*m")

VERBOSE = Style(verbose=True)

_FEWER = settings(max_examples=25)
"""For examples that are large."""


def as_json(shown: Report) -> str:
    """The report as JSON."""
    return render(shown, "json", Style())


def as_text(shown: Report, style: Style | None = None) -> str:
    """The report as text, in one colour unless told."""
    return render(shown, "text", style or Style())


def flat(text: str) -> str:
    """The text with its line breaks and indents undone."""
    return " ".join(text.split())


_details = st.lists(
    st.sampled_from(("mkdir:", "a", "name", "was,", "(not)", "found", "EIO", "\u017e")), max_size=30
).map(" ".join)


@st.composite
def ordinary(draw: st.DrawFn) -> Report:
    """A report on the real roles: each probe answered, in words of ordinary length."""
    answers = draw(st.dictionaries(st.sampled_from(sorted(probes.every())), nouns.outcomes))
    findings = {}
    for name in probes.every():
        outcome = answers.get(name, Outcome.YES)
        reason = draw(st.sampled_from(Reason)) if outcome is Outcome.UNKNOWN else None
        error = None if outcome is Outcome.YES else draw(st.sampled_from((None, "EIO", "E2BIG")))
        detail = "" if outcome is Outcome.YES else draw(_details)
        findings[name] = Finding(name, outcome, reason, error, detail)
    names = draw(st.one_of(st.none(), st.lists(st.sampled_from(engines.roles()), min_size=1)))
    chosen = engines.roles(None if names is None else [one.id for one in names])
    return report(judge(findings, chosen).values(), findings)


# --- JSON -----------------------------------------------------------------------------------


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(_SCHEMA)
    assert _SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert _SCHEMA["properties"]["schema"]["const"] == SCHEMA


def objects(schema: Any, path: str = "#") -> list[tuple[str, dict[str, Any]]]:
    """Every schema of an object with named keys in this one, with where it stands."""
    if isinstance(schema, list):
        return [
            one for index, item in enumerate(schema) for one in objects(item, f"{path}/{index}")
        ]
    if not isinstance(schema, dict):
        return []
    below = [one for key, item in schema.items() for one in objects(item, f"{path}/{key}")]
    return [(path, schema), *below] if schema.get("type") == "object" else below


def test_the_shape_is_fixed() -> None:
    """Every key is required and no other is allowed, so that a reader need not guess."""
    for path, schema in objects(_SCHEMA):
        if "properties" in schema:
            assert schema["additionalProperties"] is False, path
            assert sorted(schema["required"]) == sorted(schema["properties"]), path
        else:
            assert isinstance(schema["additionalProperties"], dict), path


def test_every_key_is_described() -> None:
    for path, schema in objects(_SCHEMA):
        for key, value in schema.get("properties", {}).items():
            assert value.get("description", "").endswith("."), f"{path}/{key}"


@pytest.mark.parametrize(
    ("enum", "where"),
    [
        (Outcome, _SCHEMA["$defs"]["finding"]["properties"]["outcome"]),
        (Reason, _SCHEMA["$defs"]["finding"]["properties"]["reason"]),
        (Fitness, _SCHEMA["$defs"]["verdict"]["properties"]["fitness"]),
    ],
)
def test_the_schema_knows_every_word_and_explains_it(enum: Any, where: dict[str, Any]) -> None:
    words = [word for word in where["enum"] if word is not None]
    assert sorted(words) == sorted(word.value for word in enum)
    if enum is not Outcome:
        for word in words:
            assert f"{word}:" in where["description"]


@given(nouns.reports())
def test_every_report_fits_the_schema(shown: Report) -> None:
    _VALIDATOR.validate(json.loads(as_json(shown)))


@_FEWER
@given(ordinary())
def test_every_report_on_the_real_roles_fits_the_schema(shown: Report) -> None:
    _VALIDATOR.validate(json.loads(as_json(shown)))


@_FEWER
@given(ordinary(), st.data())
def test_a_report_with_a_key_left_out_does_not_fit_the_schema(
    shown: Report, data: st.DataObject
) -> None:
    body = json.loads(as_json(shown))
    part = data.draw(st.sampled_from([body, body["tool"], body["target"], body["host"]]))
    del part[data.draw(st.sampled_from(sorted(part)))]
    assert not _VALIDATOR.is_valid(body)


def test_an_answer_that_is_known_has_no_reason() -> None:
    body = json.loads(as_json(report((), found({"a.b": Outcome.YES}))))
    body["findings"]["a.b"]["reason"] = "error"
    assert not _VALIDATOR.is_valid(body)
    body["findings"]["a.b"].update(outcome="unknown", reason=None)
    assert not _VALIDATOR.is_valid(body)


@given(nouns.reports())
def test_a_report_reads_back_as_it_was(shown: Report) -> None:
    assert load(as_json(shown)) == shown
    assert load(as_json(shown).encode()) == shown


@given(nouns.reports())
def test_a_report_is_one_line_of_ascii(shown: Report) -> None:
    text = as_json(shown)
    assert text.isascii()
    assert text.endswith("\n")
    assert text.count("\n") == 1


@given(nouns.reports())
def test_the_shape_is_the_same_however_little_is_known(shown: Report) -> None:
    """And whatever the verbosity: an option for people changes nothing for machines."""
    full = json.loads(as_json(report()))
    body = json.loads(as_json(shown))
    assert list(body) == list(full)
    assert list(body["target"]) == list(full["target"])
    for style in (VERBOSE, Style(quiet=True), Style(color=True), Style(width=40)):
        assert render(shown, "json", style) == as_json(shown)


def test_the_summary_comes_early_and_the_best_role_is_named() -> None:
    judged = judge({}, [role(need("a.b"), identity="e/all"), role(identity="e/some")])
    body = json.loads(as_json(report(judged.values())))
    assert list(body)[:3] == ["schema", "tool", "summary"]
    assert body["summary"] == report(judged.values()).summary
    assert body["engines"] == {"e": {"best": "e/some", "alternatives": [], "picks": None}}


def test_what_the_engine_picks_and_what_one_may_choose_instead_are_told() -> None:
    other = role(identity="e/other", alternative=True)
    judged = judge({}, [role(need("a.b"), identity="e/all"), other])
    body = json.loads(
        as_json(report(judged.values(), picks={"e": Pick("slow", "e/other", "dear")}))
    )
    assert body["engines"]["e"] == {
        "best": None,
        "alternatives": ["e/other"],
        "picks": {"driver": "slow", "role": "e/other", "price": "dear", "open": []},
    }
    assert body["verdicts"]["e/other"]["alternative"] is True


def test_bytes_that_are_no_utf8_survive() -> None:
    path = b"/mnt/\xff\n\xc5\x99"
    shown = report(path=path.decode("utf-8", "surrogateescape"))
    assert json.loads(as_json(shown))["target"]["path"].encode("utf-8", "surrogateescape") == path


@given(nouns.json_values)
def test_json_that_is_no_report_is_refused_and_nothing_else_is_raised(value: Any) -> None:
    with pytest.raises(ReportError):
        load(json.dumps(value))


@given(st.one_of(st.binary(), st.text()))
def test_rubbish_is_refused_and_nothing_else_is_raised(data: bytes | str) -> None:
    with pytest.raises(ReportError):
        load(data)


@given(st.data())
def test_a_report_that_was_tampered_with_is_refused_or_is_a_report(data: st.DataObject) -> None:
    """What load() lets pass can be rendered, and reads back as itself."""
    body = json.loads(as_json(data.draw(nouns.reports())))
    text = json.dumps(data.draw(nouns.broken(body)))
    try:
        shown = load(text)
    except ReportError:
        return
    assert as_json(load(as_json(shown))) == as_json(shown)
    assert as_text(shown, VERBOSE).endswith("\n")


def tampered(change: Any) -> str:
    """A report as JSON, after this was done to it."""
    body = json.loads(as_json(report((), found({"a.b": Outcome.YES}))))
    change(body)
    return json.dumps(body)


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.update(schema=2),
        lambda body: body.update(schema=None),
        lambda body: body.pop("schema"),
        lambda body: body["findings"]["a.b"].update(seconds=10**400),
        lambda body: body["findings"]["a.b"].update(seconds=math.inf),
        lambda body: body["findings"]["a.b"].update(value=math.nan),
        lambda body: body["findings"]["a.b"].update(probe="c.d"),
        lambda body: body["findings"]["a.b"].update(outcome="perhaps"),
        lambda body: body["host"].update(overlay="no"),
        lambda body: body["host"].update(euid="0"),
        lambda body: body["target"].update(path=None),
        lambda body: body.update(warnings="none"),
        lambda body: body.update(findings=[]),
        lambda body: body["findings"].update({"a.b": []}),
        lambda body: body.update(verdicts=None),
        lambda body: body["target"].update(mount="/"),
    ],
    ids=[
        "another schema",
        "no schema",
        "schema left out",
        "a number too large for a float",
        "an infinite number",
        "a value that is not a number",
        "a finding under another id",
        "an unknown outcome",
        "a truth value in words",
        "a number in words",
        "no path",
        "a text for a list",
        "a list for an object",
        "a list for a finding",
        "nothing for an object",
        "a text for an object",
    ],
)
def test_what_does_not_fit_is_refused(change: Any) -> None:
    assert load(tampered(lambda _body: None)).path == "/srv"
    with pytest.raises(ReportError):
        load(tampered(change))


def test_a_report_of_another_schema_is_named_as_such() -> None:
    with pytest.raises(ReportError, match=r"schema 2.*reads 1"):
        load(tampered(lambda body: body.update(schema=2)))


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(ReportError):
        load("[" * 100_000)


# --- formats --------------------------------------------------------------------------------


def test_the_formats_are_the_files() -> None:
    assert {"json", "text"} <= set(formats())


@pytest.mark.parametrize("name", formats())
@given(shown=nouns.reports())
def test_every_format_renders_every_report_and_ends_its_last_line(name: str, shown: Report) -> None:
    for style in (Style(), VERBOSE, Style(quiet=True)):
        assert render(shown, name, style).endswith("\n")


# --- text: the answer -----------------------------------------------------------------------

WHOLE = {"whole": "everything", "part": "a part", "least": "the least"}


def answered(**fitnesses: Fitness) -> str:
    """The answer to a report in which the roles fit so."""
    verdicts = [Verdict(f"e/{name}", WHOLE[name], one) for name, one in fitnesses.items()]
    return flat(as_text(report(verdicts), Style(quiet=True)))


SUITABLE, DEGRADED = Fitness.SUITABLE, Fitness.DEGRADED
UNSUITABLE, UNDETERMINED = Fitness.UNSUITABLE, Fitness.UNDETERMINED


def test_can_back() -> None:
    assert answered(whole=SUITABLE, least=UNSUITABLE) == "/srv can back everything."


def test_can_back_with_a_loss() -> None:
    answer = answered(whole=DEGRADED, least=SUITABLE)
    assert answer == "/srv can back everything, but something is lost."


@pytest.mark.parametrize("fits", [SUITABLE, DEGRADED])
def test_can_back_only(fits: Fitness) -> None:
    answer = answered(whole=UNSUITABLE, part=UNSUITABLE, least=fits)
    assert answer == "/srv cannot back everything, only the least."


def test_can_back_only_several() -> None:
    answer = answered(whole=UNSUITABLE, part=DEGRADED, least=SUITABLE)
    assert answer == "/srv cannot back everything, only a part and the least."


def test_can_back_neither() -> None:
    answer = answered(whole=UNSUITABLE, part=UNSUITABLE, least=UNSUITABLE)
    assert answer == "/srv can back neither everything nor any part of it."


def test_cannot_back_the_one_thing_asked_for() -> None:
    assert answered(whole=UNSUITABLE) == "/srv cannot back everything."


def test_could_not_be_established() -> None:
    answer = answered(whole=UNDETERMINED, least=UNDETERMINED)
    assert answer == "Whether /srv can back everything could not be established."


def test_could_not_be_established_but_something_fits() -> None:
    answer = answered(whole=UNDETERMINED, least=SUITABLE)
    assert "Whether /srv can back everything could not be established." in answer
    assert "the least" in answer


@pytest.mark.parametrize("part", [SUITABLE, DEGRADED, UNSUITABLE, UNDETERMINED])
def test_what_is_not_known_is_never_denied(part: Fitness) -> None:
    """A smaller role that could not be established is not among those that it cannot back."""
    answer = answered(whole=UNSUITABLE, part=part, least=UNDETERMINED)
    assert "neither" not in answer


def test_one_answer_for_each_engine() -> None:
    verdicts = [Verdict(f"{name}/all", f"all of {name}", SUITABLE) for name in ("one", "two")]
    lines = as_text(report(verdicts), Style(quiet=True)).splitlines()
    assert lines == ["/srv can back all of one.", "/srv can back all of two."]


@_FEWER
@given(ordinary())
def test_quiet_shows_the_answer_alone_and_otherwise_it_comes_first(shown: Report) -> None:
    quiet = as_text(shown, Style(quiet=True))
    assert as_text(shown).startswith(quiet + "\n")
    assert len(quiet.splitlines()) <= 2 * len(shown.engines)


# --- text: the rest -------------------------------------------------------------------------


@_FEWER
@given(ordinary())
def test_verbose_shows_every_finding(shown: Report) -> None:
    listed = re.findall(r"^(\S+\.\S+) +(yes|no|unknown)\b", as_text(shown, VERBOSE), re.MULTILINE)
    assert listed == [(one.probe, one.outcome.value) for one in shown.findings.values()]


@pytest.mark.parametrize(
    "one",
    [
        Finding("a.b", Outcome.YES, detail="seen it, twice"),
        Finding("a.b", Outcome.NO, errno="EIO", detail="mkdir: input/output error"),
        Finding("a.b", Outcome.NO, errno="EIO", detail="the log says EIO and no more"),
        Finding("a.b", Outcome.NO, errno="EIO", detail="first, EIO, then nothing"),
        Finding("a.b", Outcome.NO, detail="left a file, not a whiteout"),
        Finding("a.b", Outcome.UNKNOWN, Reason.CRASH, detail="it died, we do not know why"),
        Finding("a.b", Outcome.UNKNOWN, Reason.PRIVILEGE, "EPERM", "mknod: EPERM"),
        Finding("a.b", Outcome.YES, value=4096),
        Finding("a.b", Outcome.YES, detail="as root", value="0:0"),
    ],
    ids=lambda one: one.detail or str(one.value),
)
def test_verbose_shows_all_that_was_found(one: Finding) -> None:
    text = flat(as_text(report((), {"a.b": one}), VERBOSE))
    shown = text[text.index("a.b ") :]
    said = [one.outcome.value, one.detail, one.reason.value if one.reason else "", one.errno or ""]
    for part in (*said, "" if one.value is None else str(one.value)):
        assert part in shown


def test_not_verbose_counts_the_findings() -> None:
    answers = {"a.a": Outcome.YES, "a.b": Outcome.YES, "a.c": Outcome.NO, "a.d": Outcome.UNKNOWN}
    assert "4 questions: 2 yes, 1 no, 1 unknown." in as_text(report((), found(answers)))


def unmet(because: str, says: str = "", remedy: str = "") -> Unmet:
    """A need that was not met."""
    return Unmet(("a.b",), because, "engine.go:work", says, remedy)


def test_what_failed_is_told_with_the_engine_s_words_and_the_remedy() -> None:
    blocker = unmet("It needs it.", "failed to do\nit at all", "use another disk")
    text = as_text(
        report(
            [Verdict("e/all", "all", UNSUITABLE, (blocker,))],
            {"a.b": finding("a.b", Outcome.NO, errno="EIO", detail="mkdir: no")},
        )
    )
    for part in ("a.b: no, EIO (mkdir: no)", "It needs it.", "failed to do", "it at all"):
        assert part in text
    assert "use another disk" in text
    assert "engine.go:work" not in text


def test_what_more_rights_would_answer_has_no_remedy_yet() -> None:
    verdicts = [Verdict("e/all", "all", UNDETERMINED, (), (), (unmet("It.", "", "buy a disk"),))]
    for reason, told in ((Reason.PRIVILEGE, False), (Reason.KERNEL, True)):
        open_ = {"a.b": Finding("a.b", Outcome.UNKNOWN, reason)}
        assert ("buy a disk" in as_text(report(verdicts, open_))) is told


def test_verbose_tells_the_source() -> None:
    verdicts = [Verdict("e/all", "all", UNSUITABLE, (unmet("It needs it."),))]
    assert "engine.go:work" in as_text(report(verdicts), VERBOSE)


def test_a_reason_that_two_roles_share_is_told_once() -> None:
    blocker = unmet("It needs it.")
    verdicts = [Verdict(f"e/{name}", name, UNSUITABLE, (blocker,)) for name in ("all", "some")]
    assert as_text(report(verdicts)).count("It needs it.") == 1


def test_a_probe_that_decides_for_two_engines_is_told_once_and_what_each_needs_it_for() -> None:
    mine, theirs = unmet("Mine needs it."), unmet("Theirs needs it.")
    text = as_text(
        report(
            [
                Verdict("a/all", "all of a", UNSUITABLE, (mine,)),
                Verdict("b/all", "all of b", UNSUITABLE, (theirs,)),
            ],
            {"a.b": finding("a.b", Outcome.NO, errno="EIO")},
        )
    )
    assert text.count("a.b: no, EIO") == 1
    assert "a.b: no, as above" in text.partition("Why not b/all:")[2]
    assert "Theirs needs it." in text


def test_a_probe_that_decides_for_two_roles_of_an_engine_is_explained_once() -> None:
    verdicts = [Verdict("a/one", "one", UNSUITABLE, (unmet("Needed."),))]
    verdicts += [Verdict("a/two", "two", UNSUITABLE, (unmet("Needed here too."),))]
    text = as_text(report(verdicts, {"a.b": finding("a.b", Outcome.NO, errno="EIO")}))
    assert "a.b: no, EIO" in text
    assert "Needed here too." not in text


def test_two_caveats_without_a_probe_are_two() -> None:
    caveats = [dataclasses.replace(unmet(words), any_of=()) for words in ("One.", "Another.")]
    text = as_text(report([Verdict("e/all", "all", DEGRADED, (), tuple(caveats))]))
    assert "One." in text
    assert "Another." in text


def test_an_engine_s_roles_are_told_by_what_the_path_is_worth_to_them() -> None:
    fitnesses = {"all": UNSUITABLE, "some": SUITABLE, "more": UNSUITABLE, "least": SUITABLE}
    verdicts = [Verdict(f"e/{name}", name, fitness) for name, fitness in fitnesses.items()]
    lines = as_text(report(verdicts)).splitlines()
    (at,) = [number for number, line in enumerate(lines) if line.startswith("e ")]
    assert lines[at].split() == ["e", "suitable", "some,", "least"]
    assert lines[at + 1].split() == ["unsuitable", "all,", "more"]


@pytest.mark.parametrize(("whole", "chosen"), [(UNSUITABLE, True), (SUITABLE, False)])
def test_what_one_could_choose_is_told_where_it_is_wanted(
    whole: Fitness,
    chosen: bool,  # noqa: FBT001 - expected
) -> None:
    others = [
        Verdict(f"e/{name}", name, fitness, alternative=True)
        for name, fitness in (("loop", SUITABLE), ("slow", DEGRADED), ("bad", UNSUITABLE))
    ]
    text = as_text(report([Verdict("e/all", "all", whole), *others]))
    assert ("or choose     loop (suitable), slow (degraded)" in text) is chosen
    assert "bad" not in text
    assert all(f"e/{name} " in as_text(report(others), VERBOSE) for name in ("loop", "bad"))


def test_the_driver_that_the_engine_picks_is_told_with_its_worth_and_price() -> None:
    slow = Verdict("e/vfs", "slow", DEGRADED, alternative=True)
    verdicts = [Verdict("e/all", "all", UNSUITABLE), slow]
    another = as_text(report(verdicts, picks={"e": Pick("vfs", "e/vfs", "copies all")}))
    assert "picks itself  vfs (degraded): copies all" in another
    broken = as_text(report(verdicts, picks={"e": Pick("best", "e/all")}))
    assert "picks itself  best (unsuitable)" in broken
    assert "picks itself" not in as_text(report(verdicts, picks={"e": Pick(None, None)}))
    fits = [Verdict("e/all", "all", DEGRADED), slow]
    assert "picks itself  best (degraded)" in as_text(
        report(fits, picks={"e": Pick("best", "e/all")})
    )


def test_what_does_not_lie_here_is_told_once() -> None:
    words = "its layers, which lie there: ask of that, too"
    verdicts = [Verdict(f"e/{name}", name, SUITABLE, elsewhere=words) for name in ("all", "some")]
    other = Verdict("e/other", "another", SUITABLE, elsewhere="not asked for", alternative=True)
    text = as_text(report([*verdicts, other]))
    assert text.count(f"elsewhere     {words}") == 1
    assert "not asked for" not in text
    assert flat(as_text(report(verdicts), VERBOSE)).count(words) == 2  # under each role
    assert "elsewhere" not in as_text(report([Verdict("e/all", "all", SUITABLE)]))


def test_what_the_choice_of_a_driver_hangs_on_is_told() -> None:
    unmet = Unmet(("driver.program",), "It takes a program if that is installed.", "engine.go:pick")
    text = as_text(
        report([Verdict("e/all", "all", UNSUITABLE)], picks={"e": Pick(None, None, open=(unmet,))})
    )
    assert "not known, hangs on driver.program: It takes a program if" in flat(text)


def test_what_is_not_known_is_not_told_as_a_loss() -> None:
    """Neither in the answer, nor in the heading, nor in words that the engine would say."""
    lost = unmet("It may lose it.", "lost it")
    for outcome, words in ((Outcome.UNKNOWN, "may be lost"), (Outcome.NO, "is lost")):
        text = as_text(
            report([Verdict("e/all", "all", DEGRADED, (), (lost,))], found({"a.b": outcome}))
        )
        assert f"all, but something {words}." in text
        assert f"What {words} for e/all:" in text
        assert ("it says:" in text) is (outcome is Outcome.NO)


def test_what_was_not_asked_for_want_of_another_answer_is_named_in_a_line() -> None:
    needs = [Unmet((probe,), f"For {probe}.", "x.go:f") for probe in ("a.b", "a.c", "a.d")]
    unknown = Outcome.UNKNOWN
    findings = {name: Finding(name, unknown, Reason.SKIPPED) for name in ("a.c", "a.d")}
    findings["a.b"] = Finding("a.b", unknown, Reason.PRIVILEGE)
    shown = report([Verdict("e/all", "all", UNDETERMINED, (), (), tuple(needs))], findings)
    assert "not asked: a.c, a.d" in as_text(shown)
    assert "For a.c." not in as_text(shown)
    assert "For a.c." in as_text(shown, VERBOSE)
    alone = as_text(
        report([Verdict("e/all", "all", UNDETERMINED, (), (), (*needs[1:],))], findings)
    )
    assert "For a.c." in alone
    assert "not asked: a.d" in alone


def test_what_is_lost_is_told_where_nothing_is_worse() -> None:
    judged = judge(
        found({"a.no": Outcome.NO, "a.lost": Outcome.NO}),
        [
            role(
                dataclasses.replace(need("a.lost", level=Level.SHOULD), because="Lost."),
                identity="e/all",
            ),
            role(
                dataclasses.replace(need("a.no"), because="Blocked."),
                dataclasses.replace(need("a.lost", level=Level.SHOULD), because="Lost, too."),
                identity="e/some",
            ),
        ],
    )
    text = as_text(report(judged.values()))
    assert "Lost." in text
    assert "Blocked." in text
    assert "Lost, too." not in text


def test_the_path_is_told_with_where_it_leads_and_on_what_it_lies() -> None:
    text = flat(as_text(report(path="data", resolved="/srv/data")))
    assert "leads to: /srv/data" in text
    assert "ext4 from /dev/sda1 (sda1), mounted on /srv" in text


ROOTS = ("CAP_MKNOD", "CAP_SYS_ADMIN")


@pytest.mark.parametrize(
    ("who", "told"),
    [
        ({"euid": 0, "capabilities": ROOTS}, "as root 0 questions"),
        ({"euid": 1000, "capabilities": ()}, "as user 1000, not root 0 questions"),
        ({"euid": 0, "capabilities": ROOTS[:1]}, "as root, without CAP_SYS_ADMIN; in a container"),
        (
            {"euid": 0, "capabilities": ROOTS, "initial_user_namespace": False},
            "as root of a user namespace; in a container",
        ),
    ],
)
def test_it_is_told_who_asked(who: dict[str, Any], told: str) -> None:
    """And where it may be told a container's root from the machine's."""
    host = report().host
    assert host
    assert told in flat(as_text(report(host=dataclasses.replace(host, **who))))


def test_warnings_are_told() -> None:
    assert "process 7 was left behind" in flat(
        as_text(report(warnings=("process 7 was left behind",)))
    )


# --- text: on a terminal --------------------------------------------------------------------


@_FEWER
@given(ordinary(), st.booleans())
def test_no_line_is_wider_than_asked(shown: Report, verbose: bool) -> None:  # noqa: FBT001
    for width in (80, 100):
        text = as_text(shown, Style(width=width, verbose=verbose))
        assert [line for line in text.splitlines() if len(line) > width] == []


@_FEWER
@given(ordinary(), st.integers(0, 39))
def test_a_terminal_of_no_width_gets_what_a_narrow_one_gets(shown: Report, width: int) -> None:
    assert as_text(shown, Style(width=width)) == as_text(shown, Style(width=40))


def test_a_long_path_stands_whole_and_the_rest_is_wrapped() -> None:
    path = "/mnt/" + "x" * 200
    text = as_text(report([Verdict("e/all", "all", SUITABLE)], path=path, resolved=path))
    assert path in text
    assert all(len(line) <= 80 or path in line for line in text.splitlines())


@_FEWER
@given(ordinary(), st.booleans())
def test_without_color_there_is_no_escape_sequence(shown: Report, verbose: bool) -> None:  # noqa: FBT001
    assert "\x1b" not in as_text(shown, Style(verbose=verbose))


@_FEWER
@given(ordinary(), st.booleans())
def test_color_adds_color_and_nothing_else(shown: Report, verbose: bool) -> None:  # noqa: FBT001
    """Every sequence is closed before the line ends, and without them the words are the same."""
    painted = as_text(shown, Style(color=True, verbose=verbose))
    plain = as_text(shown, Style(verbose=verbose))
    assert "\x1b[" in painted
    assert flat(_COLOR.sub("", painted)) == flat(plain)
    starts = [mark for mark in _COLOR.findall(painted) if mark != "\x1b[0m"]
    assert len(starts) == painted.count("\x1b[0m")


@pytest.mark.parametrize("fitness", Fitness)
def test_each_fitness_has_a_color_of_its_own(fitness: Fitness) -> None:
    def mark(one: Fitness) -> str:
        shown = report([Verdict("e/all", "all", one)])
        return _COLOR.findall(as_text(shown, Style(color=True)))[0]  # type: ignore[no-any-return]

    assert all(mark(fitness) != mark(other) for other in Fitness if other is not fitness)


@given(nouns.reports(), st.booleans())
def test_nothing_that_a_file_system_says_reaches_the_terminal_raw(
    shown: Report,
    verbose: bool,  # noqa: FBT001
) -> None:
    """No control character, no lone surrogate: not from a path, a source, a detail, a value."""
    text = as_text(shown, Style(verbose=verbose))
    assert all(line.isprintable() for line in text.split("\n"))


@pytest.mark.parametrize("style", [Style(), VERBOSE, Style(quiet=True)], ids=["", "-v", "-q"])
def test_a_hostile_path_is_shown_escaped(style: Style) -> None:
    path = "/mnt/\x1b]0;owned\x07\r\n\u202egnp"
    text = as_text(report([Verdict("e/all", "all", SUITABLE)], path=path, resolved=path), style)
    assert r"/mnt/\x1b]0;owned\x07\r\n\u202egnp" in text
    assert not set("\x1b\x07\r\u202e") & set(text)


@pytest.mark.parametrize("title", ["", " "])
def test_a_loaded_report_may_lack_a_title(title: str) -> None:
    assert "e/all  suitable" in as_text(report([Verdict("e/all", title, SUITABLE)]), VERBOSE)


@pytest.mark.parametrize("color", [True, False])
def test_a_loaded_report_cannot_speak_to_the_terminal(color: bool) -> None:  # noqa: FBT001
    """Nor by what otherwise comes from our own code: titles, reasons, sources, remedies."""
    evil = "\x1b]0;owned\x07"
    need = Unmet(("a.b",), evil, evil, evil, evil)
    shown = report([Verdict("e/all", evil, UNSUITABLE, blockers=(need,))])
    text = as_text(shown, Style(verbose=True, color=color))
    assert r"\x1b]0;owned\x07" in text
    assert set(re.findall(r"\x1b\[3?\dm|[\x00-\x09\x0b-\x1f]", text)) == (
        {"\x1b[31m", "\x1b[0m"} if color else set()
    )


def test_the_answer_begins_with_the_whole_and_names_each_part_that_fits() -> None:
    """Whoever wants to hear of image metadata must not look for it in "4 more"."""
    parts = [Verdict(f"e/{name}", name, SUITABLE) for name in "abcde"]
    text = as_text(report([Verdict("e/all", "all", UNSUITABLE), *parts]))
    assert text.startswith("/srv cannot back all, only a, b, c, d and e.\n")


@pytest.mark.parametrize(
    ("count", "words"), [(1, "a only"), (2, "a and b only"), (3, "a and 2 more only")]
)
def test_the_summary_keeps_its_cause_however_many_roles_fit(count: int, words: str) -> None:
    parts = [Verdict(f"e/{name}", name, SUITABLE) for name in "abcdefg"[:count]]
    blocked = Verdict("e/all", "all", UNSUITABLE, blockers=(unmet("It would not work."),))
    summary = report([blocked, *parts]).summary
    assert summary == f"e: {words} (It would not work.)"


@pytest.mark.parametrize(
    ("spans", "told"),
    [
        (
            [("", "20"), ("23", "25")],
            "for e before 20, and since 23 and before 25; --for e@VERSION",
        ),
        ([("23", "")], "for e since 23; --for e@VERSION"),
        ([("", "23"), ("23", "")], None),
        ([("", "")], None),
    ],
)
def test_what_holds_of_some_versions_in_a_row_is_told_once(
    spans: list[tuple[str, str]], told: str | None
) -> None:
    needs = [
        dataclasses.replace(unmet(f"Because {since}.", "it says"), since=since, before=before)
        for since, before in spans
    ]
    text = flat(as_text(report([Verdict("e/all", "all", UNSUITABLE, tuple(needs))])))
    assert (text.count("Because"), text.count("holds:")) == (1, 1 if told else 0)
    assert not told or f"holds: {told}" in text


@pytest.mark.parametrize(("version", "told"), [("", 1), ("20.10", 0)])
def test_of_which_versions_a_need_holds_is_told_unless_one_was_named(
    version: str, told: int
) -> None:
    lacking = Unmet(("a.b",), "It needs it.", "x.go:f", since="23", before="25")
    verdict = Verdict("e/all", "all", Fitness.UNSUITABLE, (lacking,), version=version)
    text = flat(as_text(report([verdict])))
    assert text.count("holds: for e since 23 and before 25; --for e@VERSION") == told


@pytest.mark.parametrize(("kind", "lines"), [("tmpfs", 1), ("ext4", 0)])
def test_what_is_in_memory_is_told_to_last_until_a_restart(kind: str, lines: int) -> None:
    """Where everything fits, too, as it does on a tmpfs."""
    mount = Mount(29, "/srv", kind, "/dev/sda1", devices=("sda1",))
    verdicts = judge(found({"x.y": Outcome.YES}), [role(need("x.y"))])
    shown = report(verdicts.values(), mount=mount, placement=placement(mount, verdicts))
    told = [line for line in as_text(shown).splitlines() if line.startswith("kept:")]
    assert len(told) == lines
    assert all("until this host restarts" in line for line in told)


@pytest.mark.parametrize(
    ("free", "inodes", "line"),
    [
        (0, 7, "room:     0 bytes free, for 7 files"),
        (1023, 0, "room:     1023 bytes free, for 0 files"),
        (1024, 3085364, "room:     1.0 KiB free, for 3,085,364 files"),
        (3 * 2**29, None, "room:     1.5 GiB free"),
        (2**80, None, "room:     1048576.0 EiB free"),
        (None, 7, None),
    ],
)
def test_what_is_free_is_told_where_it_was_asked(
    free: int | None, inodes: int | None, line: str | None
) -> None:
    """In binary units, as df -h has them."""
    values = {"space.free": free, "space.inodes": inodes}
    findings = {name: finding(name, Outcome.YES, value=value) for name, value in values.items()}
    told = [line for line in as_text(report((), findings)).splitlines() if line[:5] == "room:"]
    assert told == ([] if line is None else [line])
