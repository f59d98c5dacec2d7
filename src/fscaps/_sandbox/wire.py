"""What the supervisor and its worker say to each other: one JSON object a line.

The worker tells by line() and loads no more of it; the supervisor has a class for each event.
"""

from __future__ import annotations

import json
import os

from ..findings import Mounting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

REQUEST_LIMIT = 65536
"""Bytes in a request, which a pipe takes whole."""
LINE_LIMIT = 131072
"""Bytes in a line; a worker that says more at once is not ours any more."""


class Request:
    """Supervisor to worker: what to ask of which path."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.path: str = body["path"]
        self.probes: list[str] = body["probes"]
        self.mounting = Mounting(body["mounting"])
        self.timeout: float = body["timeout"]
        self.writing: bool = body["writing"]
        self.looking: bool = body["looking"]
        self.parent: int = body["parent"]
        self.ids: list[int] = body["ids"]
        """The uid, gid and groups as whom to ask; empty to stay as we are."""


class Cleaning:
    """Supervisor to worker: remove the scratch directory of a worker that died."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.path: str = body["path"]
        self.name: str = body["name"]
        self.made: list[int] = body["made"]
        """What tells it from what somebody puts in its place; empty if that was not told."""
        self.parent: int = body["parent"]
        self.ids: list[int] = body["ids"]
        """As of a Request."""


def request(
    path: str,
    probes: Sequence[str],
    mounting: Mounting,
    timeout: float,
    *,
    ids: Sequence[int] = (),
    writing: bool = True,
    looking: bool = False,
) -> bytes:
    """The line that makes a Request, from this process.

    ``ids`` are the uid, gid and groups to ask with, none to stay as we are; ``writing`` allows a
    scratch directory, ``looking`` wants an engine's store looked at.
    """
    body = {"path": path, "probes": probes, "mounting": mounting, "timeout": timeout}
    more = {"ids": ids, "writing": writing, "looking": looking}
    return line("request", **body, **more, parent=os.getpid())


def cleaning(path: str, name: str, made: Sequence[int], ids: Sequence[int]) -> bytes:
    """The line that makes a Cleaning, from this process."""
    return line("cleaning", path=path, name=name, made=made, ids=ids, parent=os.getpid())


def line(event: str, **body: object) -> bytes:
    """One line. Bytes that were no UTF-8 in a path are carried as surrogate escapes."""
    text = json.dumps({"event": event, **body}, default=vars)
    return text.encode("ascii") + b"\n"


def decode_request(line: bytes) -> Request | Cleaning:
    """What request() or cleaning() wrote."""
    body = json.loads(line)
    return Cleaning(body) if body["event"] == "cleaning" else Request(body)
