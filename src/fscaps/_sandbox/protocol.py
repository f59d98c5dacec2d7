"""What the supervisor and its worker say to each other: one JSON object a line."""

from __future__ import annotations

import json
from dataclasses import dataclass

from .._decode import finding, host, mount, optional_text, text, texts
from ..findings import Finding, Host, Mount, Mounting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Union

    Event = Union["Located", "Identified", "Scratch", "Asking", "Found", "Warned", "Cannot", "Done"]

REQUEST_LIMIT = 65536
"""Bytes in a request, which a pipe takes whole."""
LINE_LIMIT = 65536
"""Bytes in a line; a worker that says more at once is not ours any more."""


@dataclass(frozen=True)
class Request:
    """Supervisor to worker: what to ask of which path."""

    path: str
    probes: tuple[str, ...]
    mounting: Mounting
    timeout: float
    parent: int


@dataclass(frozen=True)
class Cleaning:
    """Supervisor to worker: remove the scratch directory of a worker that died."""

    path: str
    name: str
    parent: int


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


def encode(message: Request | Cleaning | Event) -> bytes:
    """One line. Bytes that were no UTF-8 in a path are carried as surrogate escapes."""
    body = {"event": type(message).__name__.lower(), **vars(message)}
    return json.dumps(body, default=vars).encode("ascii") + b"\n"


def decode_request(line: bytes) -> Request | Cleaning:
    """The request that encode() wrote."""
    body = json.loads(line)
    if body["event"] == "cleaning":
        return Cleaning(body["path"], body["name"], body["parent"])
    return Request(
        body["path"],
        tuple(body["probes"]),
        Mounting(body["mounting"]),
        body["timeout"],
        body["parent"],
    )


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
