"""What a worker says, as the supervisor takes it in."""

from __future__ import annotations

import json
from dataclasses import dataclass

from .._decode import finding, host, mount, optional_text, text, texts
from . import wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Union

    from ..findings import Finding, Host, Mount

    Event = Union["Located", "Identified", "Scratch", "Asking", "Found", "Warned", "Cannot", "Done"]


@dataclass(frozen=True)
class Located:
    """The path was opened, and this is where it leads."""

    resolved: str
    links: tuple[str, ...]
    host: Host
    mount: Mount | None


@dataclass(frozen=True)
class Identified:
    """The mount again, now with what statfs(2) says."""

    mount: Mount


@dataclass(frozen=True)
class Scratch:
    """This directory will be made below the path, and removed."""

    name: str


@dataclass(frozen=True)
class Asking:
    """This probe is being asked now."""

    probe: str


@dataclass(frozen=True)
class Found:
    """This probe was answered."""

    finding: Finding


@dataclass(frozen=True)
class Warned:
    """Something that whoever reads the report should know."""

    text: str


@dataclass(frozen=True)
class Cannot:
    """The path could not be asked at all."""

    errno: str | None
    text: str


@dataclass(frozen=True)
class Done:
    """Nothing more will come."""


class ProtocolError(ValueError):
    """A line that is not an event."""


def encode(message: wire.Request | wire.Cleaning | Event) -> bytes:
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


def _cannot(body: dict[str, Any]) -> Cannot:
    return Cannot(optional_text(body["errno"]), text(body["text"]))


_DECODERS: dict[str, Any] = {
    "located": _located,
    "identified": lambda body: Identified(mount(body["mount"])),
    "scratch": lambda body: Scratch(text(body["name"])),
    "asking": lambda body: Asking(text(body["probe"])),
    "found": lambda body: Found(finding(body["finding"])),
    "warned": lambda body: Warned(text(body["text"])),
    "cannot": _cannot,
    "done": lambda _body: Done(),
}
