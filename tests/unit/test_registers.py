"""The folders are the registers: what is in them is found, complete, and in order."""

from __future__ import annotations

import dataclasses
import errno
import inspect
import json
import os
import pkgutil
import re
import subprocess
import sys
from importlib import import_module

import pytest
from hypothesis import given, strategies as st
from unit import nouns

import fscaps
from fscaps import (
    Engine,
    Level,
    Need,
    Outcome,
    Probe,
    Role,
    UnknownRoleError,
    engines,
    judge,
    probes,
)
from fscaps._linux import processes
from fscaps.engines import _versions
from fscaps.render import json as json_format

PROBES = list(probes.every().values())
ENGINES = list(engines.every().values())
ROLES = engines.roles()
NEEDS = [(role, need) for role in ROLES for need in role.needs]

SILENT = {
    # What a container changed is gone when it is started again, and nobody says a word.
    ("overlay.remount",),
}
"""Needs that a role MUST have met, of which the engine says nothing when they are not."""


def identity(thing: Probe | Role | Engine | tuple[Role, Need] | object) -> str:
    """A test's name for an example."""
    if isinstance(thing, tuple):
        role, need = thing
        return f"{role.id}:{'|'.join(probe.id for probe in need.any_of) or 'caveat'}"
    return str(getattr(thing, "id", thing))


def fresh(code: str) -> str:
    """What a Python that has imported nothing prints."""
    source = os.path.dirname(os.path.dirname(fscaps.__file__))
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": source},
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.strip()


# --- probes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("probe", PROBES, ids=identity)
class TestProbe:
    """What holds for each probe."""

    def test_asks_a_question(self, probe: Probe) -> None:
        """Its question begins with a capital, ends in a question mark, and fits a line."""
        assert probe.question.endswith("?")
        assert probe.question[0].isupper()
        assert probe.question.isprintable()
        assert len(probe.question) <= 100

    def test_says_what_it_does(self, probe: Probe) -> None:
        """Its docstring is whole sentences, for --explain and the reference."""
        assert probe.doc.endswith((".", ")", "``"))
        assert len(probe.doc.split()) >= 4

    def test_is_called_by_its_file_and_function(self, probe: Probe) -> None:
        """Its id leads to the one place where it is written."""
        subject, _, name = probe.id.partition(".")
        module = import_module(f"fscaps.probes.{subject}")
        assert getattr(module, name) is probe
        assert os.path.basename(inspect.getfile(probe.ask)) == f"{subject}.py"
        assert probe.ask.__name__ == name

    def test_builds_on_probes_that_exist(self, probe: Probe) -> None:
        """Each probe that it is asked after is in the register, and asked before it."""
        order = list(probes.every())
        for earlier in probe.after:
            assert probes.every()[earlier.id] is earlier
            assert order.index(earlier.id) < order.index(probe.id)

    def test_names_errors_and_capabilities_that_exist(self, probe: Probe) -> None:
        """A capability nobody can hold would turn each *no* into UNKNOWN."""
        assert set(probe.no) <= set(errno.errorcode)
        assert set(probe.capabilities) <= set(processes._CAPABILITIES)


def test_each_file_of_the_folder_holds_a_probe() -> None:
    files = {module.name for module in pkgutil.iter_modules(probes.__path__)}
    subjects = {probe.id.partition(".")[0] for probe in PROBES}
    assert subjects == {name for name in files if not name.startswith("_")}


def test_every_probe_that_a_file_declares_is_found() -> None:
    declared = {
        id(thing)
        for module in pkgutil.iter_modules(probes.__path__)
        for thing in vars(import_module(f"fscaps.probes.{module.name}")).values()
        if isinstance(thing, Probe)
    }
    assert declared == {id(probe) for probe in PROBES}


def test_no_question_is_asked_twice() -> None:
    questions = [probe.question for probe in PROBES]
    assert len(set(questions)) == len(questions)


def test_a_probe_is_reached_from_the_package_alone() -> None:
    """No further import is needed to name one."""
    code = "import fscaps; print(fscaps.probes.xattr.trusted.id)"
    assert fresh(code) == "xattr.trusted"


def test_a_subject_that_is_not_there_is_no_attribute() -> None:
    assert not hasattr(probes, "nonsense")
    with pytest.raises(AttributeError, match="nonsense"):
        probes.nonsense  # noqa: B018 - the attribute is the test


def test_the_register_is_the_same_in_every_run() -> None:
    code = "import fscaps; print(*fscaps.probes.every())"
    assert fresh(code).split() == list(probes.every())


@given(st.lists(st.sampled_from(PROBES)))
def test_in_order_asks_each_once_and_after_what_it_builds_on(chosen: list[Probe]) -> None:
    ordered = probes.in_order(chosen)
    place = {probe.id: number for number, probe in enumerate(ordered)}
    assert len(place) == len(ordered)
    for probe in ordered:
        assert all(place[earlier.id] < place[probe.id] for earlier in probe.after)


@given(st.lists(st.sampled_from(PROBES)))
def test_in_order_adds_what_the_chosen_build_on_and_nothing_else(chosen: list[Probe]) -> None:
    wanted: set[str] = set()
    waiting = list(chosen)
    while waiting:
        probe = waiting.pop()
        wanted.add(probe.id)
        waiting += probe.after
    assert {probe.id for probe in probes.in_order(chosen)} == wanted


def test_in_order_of_a_diamond() -> None:
    bottom = nouns.probe("a.bottom")
    left = Probe("a.left", "?", nouns.unasked, after=(bottom,))
    right = Probe("a.right", "?", nouns.unasked, after=(bottom,))
    top = Probe("a.top", "?", nouns.unasked, after=(left, right))
    assert probes.in_order([right, top, bottom]) == [bottom, right, left, top]


# --- engines --------------------------------------------------------------------------------


@pytest.mark.parametrize("pair", NEEDS, ids=identity)
class TestNeed:
    """What holds for each need of each role."""

    def test_gives_its_reason_and_where_that_can_be_read(self, pair: tuple[Role, Need]) -> None:
        """``because`` is a sentence, and ``source`` names a place."""
        _, need = pair
        assert need.because.endswith(".")
        assert need.because[0].isupper() or need.because.split()[0].islower()
        assert need.because.isprintable()
        assert need.source.isprintable()
        assert len(need.source) > 4

    def test_tells_what_the_engine_says_if_it_cannot_do_without(
        self, pair: tuple[Role, Need]
    ) -> None:
        """So that an error message found in a log leads here."""
        _, need = pair
        ids = tuple(probe.id for probe in need.any_of)
        if need.level is Level.MUST:
            assert bool(need.says) != (ids in SILENT)

    def test_leaves_no_gap_but_the_error(self, pair: tuple[Role, Need]) -> None:
        """The errno's words are all that is filled in."""
        _, need = pair
        for text in (need.says, *(text for _, text in need.reworded)):
            rest = text.replace("{error}", "").replace("{Error}", "")
            assert "{" not in rest
            assert "}" not in rest

    def test_changes_its_words_in_the_order_of_versions(self, pair: tuple[Role, Need]) -> None:
        """The newest that holds comes last, and each is another text."""
        _, need = pair
        since = [_versions.numbers(version) for version, _ in need.reworded]
        texts = [need.says, *(text for _, text in need.reworded)]
        assert since == sorted(since)
        assert all(one != other for one, other in zip(texts, texts[1:]))

    def test_has_a_remedy(self, pair: tuple[Role, Need]) -> None:
        """Nobody is told what is missing without being told what to do."""
        _, need = pair
        assert need.remedy
        assert need.remedy.isprintable()

    def test_names_probes_of_the_register(self, pair: tuple[Role, Need]) -> None:
        """A probe of the same id that is another object would never be asked."""
        _, need = pair
        for probe in need.any_of:
            assert probes.every()[probe.id] is probe


def test_each_file_of_the_folder_is_the_engine_of_that_name() -> None:
    modules = pkgutil.iter_modules(engines.__path__)
    files = [module.name for module in modules if not module.name.startswith("_")]
    assert sorted(engine.id for engine in ENGINES) == sorted(files)


def test_each_role_is_called_by_its_engine() -> None:
    for engine in ENGINES:
        assert engine.roles
        assert all(role.id.startswith(f"{engine.id}/") for role in engine.roles)
    assert len({role.id for role in ROLES}) == len(ROLES)
    assert len({role.title for role in ROLES}) == len(ROLES)


def test_every_id_is_one_that_the_schema_allows() -> None:
    """And one that needs no quoting in a shell."""
    definitions = json.loads(json_format.schema())["$defs"]
    pairs = [("probe", probe.id) for probe in PROBES] + [("role", role.id) for role in ROLES]
    for kind, name in pairs:
        assert re.search(definitions[kind]["pattern"], name)


def musts(role: Role) -> set[frozenset[str]]:
    """What the role cannot do without, each need as the probes of which one must be met."""
    return {
        frozenset(probe.id for probe in need.any_of)
        for need in role.needs
        if need.level is Level.MUST
    }


def usual(engine: Engine) -> list[Role]:
    """The roles that nobody has to choose."""
    return [role for role in engine.roles if not role.alternative]


@pytest.mark.parametrize("role", ROLES, ids=identity)
def test_no_word_is_too_long_for_a_line(role: Role) -> None:
    """None is broken, so that it can be searched for; with its label it must fit 80 columns."""
    texts = [text for n in role.needs for text in (n.because, n.source, n.says, n.remedy)]
    texts += [text for need in role.needs for _, text in need.reworded]
    assert [word for text in texts for word in text.split() if len(word) > 80 - 14] == []


@pytest.mark.parametrize("engine", ENGINES, ids=identity)
def test_the_first_role_is_the_most_demanding(engine: Engine) -> None:
    """Where the first is suitable, the report stops at it: it asks for what the others need."""
    first, *others = usual(engine)
    asked = {probe.id for need in first.needs for probe in need.any_of}
    for role in others:
        assert {probe for need in musts(role) for probe in need} <= asked


@pytest.mark.parametrize("engine", ENGINES, ids=identity)
def test_the_roles_ask_for_less_and_less(engine: Engine) -> None:
    demands = [len(musts(role)) for role in usual(engine)]
    assert demands == sorted(demands, reverse=True)


@pytest.mark.parametrize("engine", ENGINES, ids=identity)
def test_the_alternatives_come_last(engine: Engine) -> None:
    count = len(usual(engine))
    assert list(engine.roles[:count]) == usual(engine)


@pytest.mark.parametrize("engine", ENGINES, ids=identity)
def test_each_driver_is_judged_by_a_role_or_by_none(engine: Engine) -> None:
    """A role that is not there would be a verdict that nobody can look up."""
    roles = {role.id for role in engine.roles}
    assert {driver.role for driver in engine.drivers} <= roles | {None}
    places = [(one.id, one.chosen_if, one.since, one.before) for one in engine.drivers]
    assert len(set(places)) == len(places)
    for driver in engine.drivers:
        for need in driver.chosen_if:
            assert all(probes.every()[probe.id] is probe for probe in need.any_of)
            assert need.any_of


def test_what_keeps_its_storage_as_an_engine_does_is_no_engine_and_has_a_role() -> None:
    others = [pair for engine in ENGINES for pair in engine.others]
    assert {role for _, role in others} <= {role.id for role in ROLES}
    assert not {name for name, _ in others} & {engine.id for engine in ENGINES}
    assert len(dict(others)) == len(others)


@pytest.mark.parametrize("role", ROLES, ids=identity)
def test_every_role_can_be_met_and_can_be_missed(role: Role) -> None:
    """Else the verdict would not depend on the path."""
    best = judge(nouns.found(dict.fromkeys(probes.every(), Outcome.YES)), [role])
    worst = judge(nouns.found(dict.fromkeys(probes.every(), Outcome.NO)), [role])
    assert best[role.id].fitness.fits
    assert not worst[role.id].fitness.fits


@pytest.mark.parametrize("role", ROLES, ids=identity)
def test_no_role_asks_for_the_same_twice(role: Role) -> None:
    """Of no version of its engine: that is, at no end of what holds of some."""
    ends = {end for need in role.needs for end in (need.since, need.before) if end}
    for version in ends | {"0"}:
        whole = _versions.role_of(role, version)
        needs = [tuple(probe.id for probe in need.any_of) for need in whole.needs]
        assert len(set(needs)) == len(needs), version


def test_an_alternative_is_chosen_by_its_name_only_and_is_none_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The engines are replaced, so that this holds whatever they are."""
    usual, other = nouns.role(identity="e/usual"), nouns.role(identity="e/other", alternative=True)
    engine = Engine("e", "an engine", (usual, other))
    monkeypatch.setattr(engines, "_ids", lambda: ("e",))
    monkeypatch.setattr(engines, "_engine", {"e": engine}.__getitem__)
    assert engines.roles() == [usual, other]
    assert engines.roles(["e"]) == [usual]
    asked = dataclasses.replace(other, alternative=False)
    assert engines.roles(["e/other"]) == engines.roles(["e/o*"]) == [asked]
    assert engines.whole() == engines.whole(["e"]) == [engine]
    assert engines.whole(["e/*"]) == []


def test_no_engine_is_loaded_that_was_not_asked_about() -> None:
    code = (
        "import sys\n"
        "from fscaps import engines\n"
        "engines.roles(['podman']), engines.whole(['podman'])\n"
        "print(*sorted(name for name in sys.modules if name.startswith('fscaps.engines.')))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout
    assert "fscaps.engines.podman" in loaded
    assert "fscaps.engines.docker" not in loaded


def test_roles_are_chosen_by_engine_by_role_and_each_once() -> None:
    engine = ENGINES[0]
    usual = [role for role in engine.roles if not role.alternative]
    last = usual[-1]
    assert engines.roles() == ROLES
    assert engines.roles([engine.id]) == usual
    assert engines.roles([last.id]) == [last]
    assert engines.roles([last.id, last.id]) == [last]
    assert engines.roles([last.id, engine.id])[0] == last
    assert len(engines.roles([last.id, engine.id])) == len(usual)


@pytest.mark.parametrize(
    "name", ["", "/", "dokcer", "docker/", "docker/nonsense", "docker/image/", "DOCKER", "engines"]
)
def test_a_role_that_is_not_there_is_an_error(name: str) -> None:
    with pytest.raises(UnknownRoleError) as caught:
        engines.roles([name])
    assert caught.value.role == name


def test_choosing_no_role_chooses_none() -> None:
    assert engines.roles([]) == []


def test_what_is_public_is_listed_before_it_is_loaded() -> None:
    """As help() and completion ask; nothing is loaded by import fscaps alone."""
    listed = fresh("import fscaps; print(sorted(set(fscaps.__all__) - set(dir(fscaps))))")
    assert listed == "[]"
