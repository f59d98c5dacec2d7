"""The nouns: what a probe is, what it found, what a role needs, and what follows.

Everything here is frozen, typed and picklable. What a worker needs of it lies in ``findings``, and
what is raised in ``errors``, so that each process loads no more than it uses.
"""

from __future__ import annotations

import enum

from ._noun import Noun
from .errors import (
    FscapsError,
    PlatformError,
    SandboxError,
    TargetError,
    UnknownRoleError,
    printable,
)
from .findings import Finding, Host, Mount, Mounting, Outcome, Probe, Reason

TYPE_CHECKING = False

__all__ = [
    "SCHEMA",
    "Advice",
    "Attachment",
    "Driver",
    "Edition",
    "Engine",
    "Finding",
    "Fitness",
    "FscapsError",
    "Host",
    "Level",
    "Mount",
    "Mounting",
    "Need",
    "Outcome",
    "Pick",
    "Placement",
    "PlatformError",
    "Probe",
    "Reason",
    "Role",
    "SandboxError",
    "TargetError",
    "UnknownRoleError",
    "Unmet",
    "Verdict",
    "printable",
]

SCHEMA = 1
"""The version of the report's JSON form; it grows only when a reader must change."""


class Level(str, enum.Enum):
    """How much a role depends on a need."""

    MUST = "must"
    SHOULD = "should"


class Fitness(str, enum.Enum):
    """What a path is worth to a role."""

    SUITABLE = "suitable"
    DEGRADED = "degraded"
    UNSUITABLE = "unsuitable"
    UNDETERMINED = "undetermined"

    @property
    def fits(self) -> bool:
        """Whether the role works here, be it with a loss."""
        return self in (Fitness.SUITABLE, Fitness.DEGRADED)


class Need(Noun):
    """One thing that a role requires: any of these probes answered *yes*.

    ``any_of`` may be empty: a standing caveat that nothing on this path can lift.
    ``says`` is the engine's own error text, with ``{error}`` for the words of the errno found as
    Go has them, or ``{Error}`` as the C library has. ``reworded`` is what later versions say
    instead: pairs of the first version that does, and the text, the oldest first. ``if_full`` is
    the remedy where that errno is ENOSPC or EDQUOT, if room is then all it takes.
    ``since`` is the engine's first version of which it holds, and ``before`` the first of which it
    does no more, such as ``25`` or ``23.0.6``; empty where there is no such end.
    """

    any_of: tuple[Probe, ...]
    because: str
    source: str
    level: Level = Level.MUST
    says: str = ""
    remedy: str = ""
    since: str = ""
    before: str = ""
    reworded: tuple[tuple[str, str], ...] = ()
    if_full: str = ""


class Edition(Noun):
    """What a role is from the engine's version ``since`` on: its title, and as in Role.

    ``elsewhere`` tells what of it lies elsewhere, and how to ask about that.
    """

    since: str
    title: str
    alternative: bool = False
    elsewhere: str = ""


class Role(Noun):
    """A use of a directory, such as ``docker/data-root``.

    An ``alternative`` is an arrangement that somebody has to choose instead of the engine's own:
    another driver, rootless, a loop image. Unless it was asked for by name it is judged and told,
    but decides no exit status, and is nobody's best. ``version`` is the engine's version of which
    the needs are; those of all versions if it is empty. ``newer`` is the role of newer versions; a
    role of one version has none, and ``elsewhere`` if that is so of this version.
    """

    id: str
    title: str
    needs: tuple[Need, ...]
    alternative: bool = False
    version: str = ""
    newer: Edition | None = None
    elsewhere: str = ""


class Driver(Noun):
    """A storage driver that an engine may pick by itself.

    ``chosen_if`` is the engine's own check, which is not the measure: the verdict on ``role``
    tells how well it then works; it is None where none is judged. ``price`` is what it costs to be
    left with this one. ``since`` and ``before`` are the engine's first versions that try it in that
    place, and do so no more; empty where there is no such end.
    """

    id: str
    role: str | None
    chosen_if: tuple[Need, ...]
    price: str = ""
    since: str = ""
    before: str = ""


class Engine(Noun):
    """A container engine: its roles, the most demanding first and the alternatives last.

    ``drivers`` is what it tries when nobody tells it which, in its order. ``oldest`` and ``newest``
    are the ends of the versions that were measured; empty where it has none of its own.
    ``others`` names what keeps its storage the same way, each with the role that answers for it.
    """

    id: str
    title: str
    roles: tuple[Role, ...]
    drivers: tuple[Driver, ...] = ()
    oldest: str = ""
    newest: str = ""
    others: tuple[tuple[str, str], ...] = ()


class Unmet(Noun):
    """A need that was not met, or of which it is unknown whether it is; fields as in Need."""

    any_of: tuple[str, ...]
    because: str
    source: str
    says: str = ""
    remedy: str = ""
    since: str = ""
    before: str = ""


class Verdict(Noun):
    """What the findings mean for one role: of that version of the engine, or of the worst.

    ``elsewhere`` tells what of it lies elsewhere, in that version or else in newer ones.
    """

    id: str
    title: str
    fitness: Fitness
    blockers: tuple[Unmet, ...] = ()
    concerns: tuple[Unmet, ...] = ()
    open: tuple[Unmet, ...] = ()
    alternative: bool = False
    version: str = ""
    elsewhere: str = ""

    @property
    def engine(self) -> str:
        """The engine's id: what stands before the slash."""
        return self.id.partition("/")[0]

    @property
    def remedies(self) -> tuple[str, ...]:
        """What to do instead, each once, the most pressing first."""
        unmet = (*self.blockers, *self.open, *self.concerns)
        return tuple(dict.fromkeys(need.remedy for need in unmet if need.remedy))


class Pick(Noun):
    """The storage driver that an engine picks by itself here.

    ``driver`` and ``role`` are None if that is not known: then ``open`` says what it hangs on. They
    are None also, and nothing is open, where the engine finds no driver at all. ``role`` alone is
    None where there is none that judges the driver.
    """

    driver: str | None
    role: str | None
    price: str = ""
    open: tuple[Unmet, ...] = ()


class Attachment(str, enum.Enum):
    """How the storage below a path hangs on this host, as far as names tell."""

    LOCAL = "local"
    """A disk, as far as this host can tell: one in a SAN looks no other."""
    NETWORK_BLOCK = "network-block"
    """A block device over the network, or a file system that several hosts have on one."""
    NETWORK_FILES = "network-files"
    """A server that keeps the files: NFS, SMB, 9p, …"""
    MEMORY = "memory"
    UNKNOWN = "unknown"


class Advice(Noun):
    """Whether something can be done, why, under which condition, and by which roles."""

    answer: Outcome
    because: str
    condition: str = ""
    roles: tuple[str, ...] = ()


class Placement(Noun):
    """What could be done with an engine's data on this path beyond using it on this host.

    ``migrate``: move it between hosts without copying it. ``share_read_only`` and
    ``share_read_write``: let several hosts use it at once. ``instead``: other arrangements that
    reach the same end.
    """

    attachment: Attachment
    migrate: Advice
    share_read_only: Advice
    share_read_write: Advice
    instead: tuple[Advice, ...] = ()
