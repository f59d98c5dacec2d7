"""How a noun is made: a frozen dataclass whose methods are written once. Imports nothing of ours.

dataclass(frozen=True) compiles six methods anew for each class, which costs more than asking most
probes; a survey has some thirty nouns in two processes (docs/explanation/architecture.md).
"""

from __future__ import annotations

from dataclasses import MISSING, FrozenInstanceError, dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dataclasses import Field
    from inspect import Signature
    from typing import Any, ClassVar, NoReturn

    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_options):  # noqa: ANN003, ANN202 - type checkers see the real one
        """PEP 681, which ``typing`` has since Python 3.11 and which does nothing when run."""
        return lambda made: made


class _Called:
    """A noun's signature, for help() and whoever else asks (inspect.signature)."""

    def __get__(self, _one: object, noun: type[Noun]) -> Signature:
        from inspect import Parameter, Signature  # noqa: PLC0415 - seldom wanted

        kind, empty = Parameter.POSITIONAL_OR_KEYWORD, Parameter.empty
        parameters = [
            Parameter(name, kind, default=_default(one, empty), annotation=one.type)
            for name, one in _fields(noun).items()
        ]
        return Signature(parameters)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Noun:
    """The base of all nouns: dataclasses(3) knows each as one, but here stand the methods."""

    __signature__: ClassVar[_Called] = _Called()

    _defaults: ClassVar[dict[str, object]] = {}
    _needed: ClassVar[int] = 0
    _compared: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        """Make it a dataclass without methods of its own."""
        dataclass(init=False, repr=False, eq=False)(cls)
        cls._defaults = {name: one.default for name, one in _fields(cls).items()}
        cls._needed = sum(default is MISSING for default in cls._defaults.values())
        cls._compared = tuple(name for name, one in _fields(cls).items() if one.compare)

    def __init__(self, *values: object, **named: object) -> None:
        held = vars(self)
        held.update(self._defaults)
        held.update(zip(self._defaults, values))
        held.update(named)
        names = tuple(self._defaults)
        first, rest = names[: len(values)], names[len(values) : self._needed]
        if (
            len(held) > len(names)
            or len(values) > len(names)
            or not named.keys().isdisjoint(first)
            or not named.keys() >= set(rest)
        ):
            takes = f"{', '.join(names)}; the first {self._needed} must be given"
            raise TypeError(f"{type(self).__name__} takes once each {takes}")

    def __setattr__(self, name: str, _value: object) -> NoReturn:
        """Refuse."""
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        """Refuse."""
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __eq__(self, other: object) -> bool:
        """Whether it is the same noun with the same values."""
        if not isinstance(other, Noun) or type(other) is not type(self):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[object, ...]:
        held = vars(self)
        return tuple([held[name] for name in self._compared])

    def __repr__(self) -> str:
        shown = (
            f"{name}={getattr(self, name)!r}"
            for name, one in _fields(type(self)).items()
            if one.repr
        )
        return f"{type(self).__qualname__}({', '.join(shown)})"


def _fields(noun: type[Noun]) -> dict[str, Field[Any]]:
    made: dict[str, Field[Any]] = vars(noun).get("__dataclass_fields__", {})  # none of Noun's own
    return made


def _default(one: Field[Any], missing: object) -> object:
    return missing if one.default is MISSING else one.default
