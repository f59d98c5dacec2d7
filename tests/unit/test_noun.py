"""A noun is what dataclass(frozen=True) would have made of it."""

from __future__ import annotations

import dataclasses
import inspect
import pickle
from dataclasses import field
from typing import Any

import pytest

from fscaps._noun import Noun


class Made(Noun):
    """As nouns are written."""

    id: str
    hidden: object = field(repr=False, compare=False)
    words: tuple[str, ...] = ()
    number: int = 3


@dataclasses.dataclass(frozen=True)
class Standard:
    """The same, made by the standard library."""

    id: str
    hidden: object = field(repr=False, compare=False)
    words: tuple[str, ...] = ()
    number: int = 3


WAYS = [
    (("a", 1), {}),
    (("a",), {"hidden": 1}),
    ((), {"hidden": 1, "id": "a"}),
    (("a", 1, ("x",), 4), {}),
    (("a", 1), {"number": 0}),
]
MISTAKES = [
    ((), {}),
    (("a",), {}),
    ((), {"hidden": 1}),
    (("a", 1), {"id": "b"}),
    (("a", 1), {"other": 2}),
    (("a", 1, (), 3, 4), {}),
]


@pytest.mark.parametrize(("values", "named"), WAYS)
def test_it_is_made_as_a_dataclass_is(values: tuple[Any, ...], named: dict[str, Any]) -> None:
    made, standard = Made(*values, **named), Standard(*values, **named)
    assert dataclasses.asdict(made) == dataclasses.asdict(standard)
    assert list(vars(made)) == list(vars(standard))
    assert repr(made) == repr(standard).replace("Standard", "Made")


@pytest.mark.parametrize(("values", "named"), MISTAKES)
def test_what_a_dataclass_refuses_is_refused(
    values: tuple[Any, ...], named: dict[str, Any]
) -> None:
    for kind in (Standard, Made):
        with pytest.raises(TypeError):
            kind(*values, **named)


def test_it_is_frozen() -> None:
    made = Made("a", 1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.id = "b"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del made.id
    assert made == Made("a", 1)


def test_it_is_compared_by_what_counts() -> None:
    assert Made("a", 1) == Made("a", 2)
    assert hash(Made("a", 1)) == hash(Made("a", 2))
    assert Made("a", 1) != Made("a", 1, number=4)
    assert Made("a", 1) != Standard("a", 1)


def test_dataclasses_knows_it() -> None:
    made = Made("a", 1)
    assert dataclasses.replace(made, number=5) == Made("a", 1, (), 5)
    names = [one.name for one in dataclasses.fields(made)]
    assert names == ["id", "hidden", "words", "number"]
    assert pickle.loads(pickle.dumps(made)) == made


def test_its_signature_is_told() -> None:
    assert list(inspect.signature(Made).parameters) == list(inspect.signature(Standard).parameters)
    assert inspect.signature(Made).parameters["number"].default == 3
    assert inspect.signature(Made).parameters["id"].default is inspect.Parameter.empty
