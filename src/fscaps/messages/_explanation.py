"""What is known of a text that was to be explained."""

from __future__ import annotations

from dataclasses import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..findings import Finding
    from . import Standing


@dataclass(frozen=True)
class Explained:
    """One possible cause of a message, and what is known of it.

    ``probes`` are the ids of those that decide it; where there are none, ``look`` says what to look
    at instead. ``seen`` is what was found in the store on the path that confirms it.
    """

    because: str
    standing: Standing
    probes: tuple[str, ...] = ()
    look: str = ""
    remedy: str = ""
    seen: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recognised:
    """A message that was found in the text, where it comes from, and its possible causes.

    ``line`` is where it was found, without colours and quoting. ``causes`` is empty where the line
    names an errno that this message is not known to have had.
    """

    id: str
    line: str
    means: str
    speaker: str
    source: str
    causes: tuple[Explained, ...]


@dataclass(frozen=True)
class Explanation:
    """What is known of a text. ``findings`` and ``warnings`` are those of a survey of ``path``."""

    messages: tuple[Recognised, ...]
    path: str | None = None
    findings: Mapping[str, Finding] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether any message was recognised."""
        return bool(self.messages)
