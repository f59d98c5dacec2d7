"""The nouns from their JSON form, trusting nothing.

Every function raises ValueError, KeyError or TypeError for what is no such noun.
"""

from __future__ import annotations

from .findings import Finding, Host, Mount, Outcome, Reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .findings import Value
    from .store import Problem, Store


def finding(body: dict[str, Any]) -> Finding:
    """A Finding from its JSON form."""
    reason = body["reason"]
    return Finding(
        probe=text(body["probe"]),
        outcome=Outcome(body["outcome"]),
        reason=None if reason is None else Reason(reason),
        errno=optional_text(body["errno"]),
        detail=text(body["detail"]),
        value=_value(body["value"]),
        seconds=number(body["seconds"]),
    )


def mount(body: dict[str, Any]) -> Mount:
    """A Mount from its JSON form."""
    return Mount(
        id=whole(body["id"]),
        point=text(body["point"]),
        type=text(body["type"]),
        source=text(body["source"]),
        options=texts(body["options"]),
        super_options=texts(body["super_options"]),
        propagation=texts(body["propagation"]),
        magic=optional_text(body["magic"]),
        devices=texts(body["devices"]),
    )


def host(body: dict[str, Any]) -> Host:
    """A Host from its JSON form."""
    return Host(
        kernel=text(body["kernel"]),
        machine=text(body["machine"]),
        euid=whole(body["euid"]),
        capabilities=texts(body["capabilities"]),
        initial_user_namespace=truth(body["initial_user_namespace"]),
        user_namespaces=text(body["user_namespaces"]),
        lsm=texts(body["lsm"]),
        overlay=truth(body["overlay"]),
        max_user_namespaces=_optional_whole(body["max_user_namespaces"]),
        max_mnt_namespaces=_optional_whole(body["max_mnt_namespaces"]),
        selinux=text(body["selinux"]),
        security_context=text(body["security_context"]),
    )


def store(body: dict[str, Any]) -> Store:
    """A Store from its JSON form."""
    from .store import Store  # noqa: PLC0415 - most paths hold none

    return Store(
        engine=text(body["engine"]),
        drivers=texts(body["drivers"]),
        versions=texts(body["versions"]),
        layers=whole(body["layers"]),
        problems=tuple(_problem(each) for each in body["problems"]),
        limits=texts(body["limits"]),
    )


def _problem(body: dict[str, Any]) -> Problem:
    from .store import Problem  # noqa: PLC0415 - as above

    return Problem(
        id=text(body["id"]),
        what=text(body["what"]),
        source=text(body["source"]),
        remedy=text(body["remedy"]),
        breaks=truth(body["breaks"]),
    )


def text(value: object) -> str:
    """A string."""
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def optional_text(value: object) -> str | None:
    """A string or None."""
    return None if value is None else text(value)


def texts(values: object) -> tuple[str, ...]:
    """A list of strings, as a tuple."""
    if not isinstance(values, list):
        raise TypeError(values)
    return tuple(text(value) for value in values)


def whole(value: object) -> int:
    """A whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(value)
    return value


def _optional_whole(value: object) -> int | None:
    return None if value is None else whole(value)


def number(value: object) -> float:
    """A number, and one that JSON can carry: json reads NaN and Infinity, which are none."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise TypeError(value)
    try:
        found = float(value)
    except OverflowError:
        raise ValueError(value) from None
    if not abs(found) < float("inf"):
        raise ValueError(value)
    return found


def _value(value: object) -> Value:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value if isinstance(value, int) else number(value)
    raise TypeError(value)


def truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(value)
    return value
