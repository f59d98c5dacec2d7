"""What the supervisor and its worker say to each other: one JSON object a line.

The worker tells by line() and loads no more of it; the supervisor has a class for each event.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from ..findings import Mounting

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


def line(event: str, **body: object) -> bytes:
    """One line. Bytes that were no UTF-8 in a path are carried as surrogate escapes."""
    text = json.dumps({"event": event, **body}, default=vars)
    return text.encode("ascii") + b"\n"


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
