"""Supervisor and worker understand each other, and the supervisor survives any other talk."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st
from unit import nouns

if TYPE_CHECKING:
    from fscaps._sandbox.protocol import Event

from fscaps import Mounting
from fscaps._sandbox.protocol import (
    _DECODERS,
    Asking,
    Cannot,
    Done,
    Found,
    Identified,
    Left,
    Located,
    Looking,
    Made,
    ProtocolError,
    Scratch,
    Stored,
    Warned,
    decode,
    encode,
)
from fscaps._sandbox.wire import cleaning, decode_request, request

_text = nouns.file_text
_identities = st.lists(st.integers(0, 2**64 - 1), max_size=3)
_ids = st.lists(st.integers(0, 2**32))
_EVENTS: dict[type, st.SearchStrategy[Any]] = {
    Located: st.builds(
        Located, _text, nouns.texts, nouns.hosts, st.one_of(st.none(), nouns.mounts)
    ),
    Identified: st.builds(Identified, nouns.mounts),
    Scratch: st.builds(Scratch, _text),
    Made: st.builds(Made, st.tuples(*[st.integers(0, 2**64 - 1)] * 3)),
    Asking: st.builds(Asking, _text),
    Found: st.builds(Found, nouns.findings(_text)),
    Looking: st.builds(Looking),
    Stored: st.builds(Stored, nouns.stores),
    Left: st.builds(Left, _text),
    Warned: st.builds(Warned, _text),
    Cannot: st.builds(Cannot, st.one_of(st.none(), st.just("ENOENT")), _text),
    Done: st.builds(Done),
}
events = st.one_of(list(_EVENTS.values()))
lines = st.one_of(
    st.builds(encode, events),
    st.builds(
        request,
        _text,
        st.lists(st.sampled_from(nouns.NAMES)),
        st.sampled_from(Mounting),
        st.floats(0.1, 1e6),
        ids=_ids,
    ),
    st.builds(cleaning, _text, _text, _identities, _ids),
)


def understood(line: bytes) -> Event | None:
    """The event in the line, None if it is none; whatever else is raised fails the test."""
    with suppress(ProtocolError):
        return decode(line)
    return None


def test_every_event_is_tested_here() -> None:
    assert sorted(kind.__name__.lower() for kind in _EVENTS) == sorted(_DECODERS)


@given(events)
def test_an_event_arrives_as_it_was_sent(event: Event) -> None:
    assert decode(encode(event)) == event


@given(
    _text,
    st.lists(_text),
    st.sampled_from(Mounting),
    st.floats(0.1, 1e6),
    st.fixed_dictionaries(
        {
            "ids": _ids,
            "writing": st.booleans(),
            "looking": st.booleans(),
        }
    ),
)
def test_a_request_arrives_as_it_was_sent(
    path: str, probes: list[str], mounting: Mounting, timeout: float, more: dict[str, Any]
) -> None:
    received = decode_request(request(path, probes, mounting, timeout, **more))
    assert vars(received) == {
        "path": path,
        "probes": probes,
        "mounting": mounting,
        "timeout": timeout,
        **more,
        "parent": os.getpid(),
    }


@given(_text, _text, _identities, _ids)
def test_a_cleaning_arrives_as_it_was_sent(
    path: str, name: str, made: list[int], ids: list[int]
) -> None:
    received = decode_request(cleaning(path, name, made, ids))
    told = {"path": path, "name": name, "made": made, "ids": ids}
    assert vars(received) == {**told, "parent": os.getpid()}


@given(lines)
def test_a_message_is_one_line_of_ascii(line: bytes) -> None:
    assert line.isascii()
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")


@pytest.mark.parametrize(
    "path", [b"/\xff\xfe", b"/a\nb", b"/\xc5\x99\x80", b"/\xed\xa0\x80", b'/"\\']
)
def test_a_path_keeps_every_byte(path: bytes) -> None:
    text = path.decode("utf-8", "surrogateescape")
    asked = decode_request(request(text, (), Mounting.AUTO, 1))
    scratch = decode(encode(Scratch(text)))
    assert isinstance(scratch, Scratch)
    for received in (asked.path, scratch.name):
        assert received.encode("utf-8", "surrogateescape") == path


@given(st.binary())
def test_bytes_that_are_no_event_are_refused_and_nothing_else_is_raised(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode(data)


@given(nouns.json_values)
def test_json_that_is_no_event_is_refused_and_nothing_else_is_raised(value: Any) -> None:
    with pytest.raises(ProtocolError):
        decode(json.dumps(value).encode())


@given(st.sampled_from(sorted(kind.__name__.lower() for kind in _EVENTS)), nouns.json_values)
def test_an_event_with_any_body_is_understood_or_refused(kind: str, value: Any) -> None:
    body = value if isinstance(value, dict) else {"mount": value, "text": value, "finding": value}
    event = understood(json.dumps({**body, "event": kind}).encode())
    assert event is None or type(event).__name__.lower() == kind


@given(st.data())
def test_an_event_that_was_tampered_with_is_understood_or_refused(data: st.DataObject) -> None:
    """Whatever is understood is a real event: it can be sent on and arrives the same."""
    body = json.loads(encode(data.draw(events)))
    event = understood(json.dumps(data.draw(nouns.broken(body))).encode())
    if event is not None:
        assert encode(decode(encode(event))) == encode(event)


GOOD = {
    "probe": "a.b",
    "outcome": "yes",
    "reason": None,
    "errno": None,
    "detail": "",
    "value": None,
    "seconds": 0,
}


def test_a_finding_needs_nothing_but_what_is_tampered_with_below() -> None:
    assert isinstance(understood(json.dumps({"event": "found", "finding": GOOD}).encode()), Found)


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": "maybe"},
        {"outcome": None},
        {"outcome": []},
        {"reason": "because"},
        {"errno": 22},
        {"probe": None},
        {"detail": None},
        {"value": [1]},
        {"value": True},
        {"seconds": "1"},
        {"seconds": None},
        {"seconds": True},
        {"seconds": 10**400},  # too large for a float
        {"seconds": float("nan")},  # which JSON does not have
        {"value": float("inf")},
    ],
    ids=lambda change: str(change)[:30],
)
def test_a_finding_with_a_field_of_the_wrong_kind_is_refused(change: dict[str, Any]) -> None:
    line = json.dumps({"event": "found", "finding": {**GOOD, **change}}).encode()
    with pytest.raises(ProtocolError):
        decode(line)


@pytest.mark.parametrize("missing", sorted(GOOD))
def test_a_finding_with_a_field_missing_is_refused(missing: str) -> None:
    body = {name: value for name, value in GOOD.items() if name != missing}
    with pytest.raises(ProtocolError):
        decode(json.dumps({"event": "found", "finding": body}).encode())


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 100_000,
        b'{"event":' * 100_000,
        b'{"event": "found", "finding": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        b'{"event": "located"}',
        b'{"event": "scratch", "name": "' + b"a" * 256 + b'"}',
        b'{"event": "made", "identity": [1, 2]}',
        b'{"event": "made", "identity": [1, 2, -3]}',
        b'{"event": "made", "identity": [1, 2, 18446744073709551616]}',
        b'{"event": "made", "identity": [1, 2, true]}',
        b'{"event": "made", "identity": "123"}',
        b'{"event": "unheard of"}',
        b'{"event": ["done"]}',
        b'{"event": {}}',
        b'"done"',
        b"null",
        b"\xff\xfe{\x00}\x00",
        b'{"event": "warned", "text": ' + b"9" * 5000 + b"}",
    ],
    ids=lambda line: repr(line[:30]),
)
def test_what_is_no_event_is_refused(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode(line)
