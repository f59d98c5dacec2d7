"""Hypothesis strategies for the nouns, and short ways to write one down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from hypothesis import strategies as st

from fscaps import (
    Driver,
    Engine,
    Finding,
    Host,
    Level,
    Mount,
    Need,
    Outcome,
    Probe,
    Problem,
    Reason,
    Report,
    Role,
    Store,
    Verdict,
    judge,
)
from fscaps._judge import pick
from fscaps._placement import placement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Answers = Optional[Outcome]


def unasked(_area: object) -> None:
    """Stand in for a probe's body where nothing is asked."""
    message = "no test of a pure function asks"
    raise AssertionError(message)


def probe(identity: str) -> Probe:
    """A probe of that id."""
    return Probe(identity, "Is it so?", unasked)


def need(*probes: str, level: Level = Level.MUST, says: str = "", remedy: str = "") -> Need:
    """A need of any of these probes."""
    any_of = tuple(map(probe, probes))
    return Need(any_of, "It would not work.", "engine.go:work", level, says, remedy)


def role(
    *needs: Need, identity: str = "engine/role", title: str = "a use", alternative: bool = False
) -> Role:
    """A role with these needs."""
    return Role(identity, title, needs, alternative)


def finding(identity: str, outcome: Outcome, **more: Any) -> Finding:
    """A finding; one that is UNKNOWN gets a reason."""
    if outcome is Outcome.UNKNOWN:
        more.setdefault("reason", Reason.ERROR)
    return Finding(identity, outcome, **more)


def found(answers: Mapping[str, Outcome]) -> dict[str, Finding]:
    """Findings with these outcomes."""
    return {name: finding(name, outcome) for name, outcome in answers.items()}


def report(
    verdicts: Iterable[Verdict] = (), findings: Mapping[str, Finding] | None = None, **more: Any
) -> Report:
    """A report of these verdicts, on an ordinary path of an ordinary machine unless told."""
    body: dict[str, Any] = {
        "tool": "fscaps 1.0",
        "path": "/srv",
        "resolved": "/srv",
        "links": (),
        "host": Host("6.1.0", "x86_64", 0),
        "mount": Mount(29, "/srv", "ext4", "/dev/sda1", ("rw",), ("rw",), (), "0xef53", ("sda1",)),
        "findings": findings or {},
        "verdicts": {verdict.id: verdict for verdict in verdicts},
        "picks": {},
    }
    return Report(**{**body, **more})


# --- strategies -----------------------------------------------------------------------------

NAMES = tuple(f"subject.p{number}" for number in range(6))

_names = st.sampled_from(NAMES)
outcomes = st.sampled_from(Outcome)
answers = st.dictionaries(_names, outcomes)

file_text = st.binary(max_size=40).map(lambda data: data.decode("utf-8", "surrogateescape"))
"""What a file system can put into a string: any bytes, decoded as Python decodes a path."""

texts = st.lists(file_text, max_size=3).map(tuple)

needs = st.builds(
    lambda names, level: need(*names, level=level),
    st.lists(_names, max_size=3, unique=True),
    st.sampled_from(Level),
)
roles = st.lists(needs, max_size=5).map(lambda chosen: role(*chosen))

drivers = st.lists(
    st.builds(
        Driver,
        st.sampled_from(("first", "second")),
        st.just("engine/role"),
        st.lists(needs, max_size=2).map(tuple),
        st.sampled_from(("", "slow")),
    ),
    max_size=3,
).map(tuple)

_seconds = st.floats(0, 1e6)
_values = st.one_of(
    st.none(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), file_text
)
_errnos = st.sampled_from((None, "EIO", "EPERM", "EOPNOTSUPP", "E2BIG"))


@st.composite
def findings(draw: st.DrawFn, names: st.SearchStrategy[str] = _names) -> Finding:
    """Any finding that a worker may send; the reason stands with UNKNOWN and only there."""
    outcome = draw(outcomes)
    reason = draw(st.sampled_from(Reason)) if outcome is Outcome.UNKNOWN else None
    return Finding(
        draw(names),
        outcome,
        reason,
        draw(_errnos),
        draw(file_text),
        draw(_values),
        draw(_seconds),
    )


_magics = st.one_of(st.none(), st.integers(0, 0xFFFFFFFF).map("{:#x}".format))
_ids = st.integers(0, 2**32 - 1)
mounts = st.builds(
    Mount, _ids, file_text, file_text, file_text, texts, texts, texts, _magics, texts
)
_capabilities = st.lists(st.sampled_from(("CAP_CHOWN", "CAP_MKNOD", "CAP_SYS_ADMIN")), unique=True)
hosts = st.builds(
    Host,
    file_text,
    file_text,
    _ids,
    _capabilities.map(tuple),
    st.booleans(),
    file_text,
    texts,
    st.booleans(),
    st.one_of(st.none(), _ids),
    st.one_of(st.none(), _ids),
    st.sampled_from(("", "enforcing", "permissive")),
    file_text,
)


stores = st.builds(
    Store,
    st.sampled_from(("docker", "containers-storage", "containerd")),
    texts,
    texts,
    st.integers(0, 10**6),
    st.lists(
        st.builds(
            Problem,
            st.sampled_from(("in-use", "links-missing")),
            file_text,
            file_text,
            file_text,
            st.booleans(),
        ),
        max_size=3,
    ).map(tuple),
    texts,
)


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """Any report that a survey may end in: verdicts that follow from findings, a path of bytes."""
    seen = {one.probe: one for one in draw(st.lists(findings(), max_size=6))}
    chosen = [
        role(
            *draw(st.lists(needs, max_size=4)),
            identity=identity,
            title=f"the use {identity}",
            alternative=draw(st.booleans()),
        )
        for identity in draw(st.lists(st.sampled_from(("a/x", "a/y", "b/x")), unique=True))
    ]
    mount, verdicts = draw(st.one_of(st.none(), mounts)), judge(seen, chosen)
    judged = {one.id.partition("/")[0] for one in chosen}
    whole = draw(st.sets(st.sampled_from(sorted(judged)))) if judged else set()
    return Report(
        tool="fscaps 1.0",
        path=draw(file_text.filter(bool)),
        resolved=draw(st.one_of(st.none(), file_text)),
        links=draw(texts),
        host=draw(st.one_of(st.none(), hosts)),
        mount=mount,
        findings=seen,
        verdicts=verdicts,
        picks={name: pick(seen, Engine(name, "", (), draw(drivers))) for name in whole},
        warnings=draw(texts),
        placement=draw(st.one_of(st.none(), st.just(placement(mount, verdicts)))),
        store=draw(st.one_of(st.none(), stores)),
    )


json_values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=8,
)


@st.composite
def broken(draw: st.DrawFn, body: Any) -> Any:
    """The JSON value with one thing in it left out or replaced by anything."""
    if not body or not isinstance(body, (dict, list)) or draw(st.integers(0, 3)) == 0:
        return draw(json_values)
    key = draw(st.sampled_from(sorted(body) if isinstance(body, dict) else range(len(body))))
    copy = body.copy()
    if draw(st.integers(0, 3)) == 0:
        del copy[key]
    else:
        copy[key] = draw(broken(copy[key]))
    return copy
