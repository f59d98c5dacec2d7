"""What a worker says, as the supervisor takes it in."""

from __future__ import annotations

import json

from .._decode import finding, host, mount, optional_text, store, text, texts, whole
from . import wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Union

    from ..findings import Finding, Host, Mount
    from ..store import Store

    Event = Union[
        "Located",
        "Identified",
        "Scratch",
        "Made",
        "Asking",
        "Found",
        "Looking",
        "Stored",
        "Left",
        "Warned",
        "Cannot",
        "Done",
    ]


_NAME_MAX = 255  # linux/limits.h
_NUMBERS = 1 << 64  # stat(2)


class _Event:
    """Something a worker says: its fields in order, compared by value.

    What a dataclass does, which is a millisecond's work for each and nobody else's to see.
    """

    def __init__(self, *values: object) -> None:
        if values:
            vars(self).update(zip(type(self).__annotations__, values))

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    def __hash__(self) -> int:
        return hash(tuple(vars(self).values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}{tuple(vars(self).values())}"


class Located(_Event):
    """The path was opened, and this is where it leads."""

    resolved: str
    links: tuple[str, ...]
    host: Host
    mount: Mount | None


class Identified(_Event):
    """The mount again, now with what statfs(2) says."""

    mount: Mount


class Scratch(_Event):
    """This directory will be made below the path, and removed."""

    name: str


class Made(_Event):
    """It was made, and this tells it from others: device, inode, owner."""

    identity: tuple[int, ...]


class Asking(_Event):
    """This probe is being asked now."""

    probe: str


class Found(_Event):
    """This probe was answered."""

    finding: Finding


class Looking(_Event):
    """All was asked and the scratch directory is gone; an engine's store is being looked at now."""


class Stored(_Event):
    """This is the store that lies here."""

    store: Store


class Left(_Event):
    """The scratch directory could not be removed, and why; whoever comes after may be able to."""

    text: str


class Warned(_Event):
    """Something that whoever reads the report should know."""

    text: str


class Cannot(_Event):
    """The path could not be asked at all."""

    errno: str | None
    text: str


class Done(_Event):
    """Nothing more will come."""


class ProtocolError(ValueError):
    """A line that is not an event."""


def encode(message: Event) -> bytes:
    """One line, as wire.line() writes it."""
    return wire.line(type(message).__name__.lower(), **vars(message))


def decode(line: bytes) -> Event:
    """The event that encode() wrote; raises ProtocolError for anything else."""
    try:
        body = json.loads(line)
        event: Event = _DECODERS[body.pop("event")](body)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ProtocolError(str(error)) from None
    return event


def _located(body: dict[str, Any]) -> Located:
    below = None if body["mount"] is None else mount(body["mount"])
    return Located(text(body["resolved"]), texts(body["links"]), host(body["host"]), below)


def _scratch(body: dict[str, Any]) -> Scratch:
    name = text(body["name"])
    if len(name) > _NAME_MAX:  # it is handed on to a cleaner, whose pipe takes so much
        raise ValueError(name[:_NAME_MAX])
    return Scratch(name)


def _made(body: dict[str, Any]) -> Made:
    device, inode, owner = (whole(number) for number in body["identity"])
    if not 0 <= min(device, inode, owner) <= max(device, inode, owner) < _NUMBERS:
        raise ValueError(body["identity"])
    return Made((device, inode, owner))


def _cannot(body: dict[str, Any]) -> Cannot:
    return Cannot(optional_text(body["errno"]), text(body["text"]))


_DECODERS: dict[str, Any] = {
    "located": _located,
    "identified": lambda body: Identified(mount(body["mount"])),
    "scratch": _scratch,
    "made": _made,
    "asking": lambda body: Asking(text(body["probe"])),
    "found": lambda body: Found(finding(body["finding"])),
    "looking": lambda _body: Looking(),
    "stored": lambda body: Stored(store(body["store"])),
    "left": lambda body: Left(text(body["text"])),
    "warned": lambda body: Warned(text(body["text"])),
    "cannot": _cannot,
    "done": lambda _body: Done(),
}
