"""The nouns: what a probe is, what it found, what a role needs, and what follows.

Everything here is frozen, typed and picklable, and imports nothing of ours.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Optional, Union

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SCHEMA = 1
"""The version of the report's JSON form; it grows only when a reader must change."""

_SUMMARY = 80

Value = Optional[Union[int, float, str]]


class Outcome(str, enum.Enum):
    """The answer to one question."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Reason(str, enum.Enum):
    """Why an answer is UNKNOWN."""

    PRIVILEGE = "privilege"
    """We were not allowed to ask; someone with more rights could."""
    TIMEOUT = "timeout"
    """The question was asked and no answer came in time."""
    CRASH = "crash"
    """The process that asked died of it."""
    UNRESPONSIVE = "unresponsive"
    """Not asked: an earlier question never came back."""
    KERNEL = "kernel"
    """The running kernel lacks what it takes to ask."""
    UNSAFE = "unsafe"
    """Not asked: asking is known to harm the host."""
    SKIPPED = "skipped"
    """Not asked, by request or for want of a precondition that the detail names."""
    ERROR = "error"
    """Asked, and failed in a way that means neither yes nor no."""


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


class Mounting(str, enum.Enum):
    """When to try a real overlay mount."""

    AUTO = "auto"
    """Where cheaper questions leave the answer open."""
    ALWAYS = "always"
    """Wherever it is safe, whatever the cheaper questions said."""
    NEVER = "never"


@dataclass(frozen=True)
class Probe:
    """One question to a file system, asked by doing.

    ``no`` holds the errnos that mean *no*; ``capabilities`` those without which a refusal
    (EPERM, EACCES) says nothing about the file system; ``after`` the probes whose answers
    this one builds on, which are therefore asked first.
    """

    id: str
    question: str
    ask: Callable[..., Any] = field(repr=False, compare=False)
    no: frozenset[int] = frozenset()
    capabilities: tuple[str, ...] = ()
    after: tuple[Probe, ...] = ()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by the name under which the probe stands in its module."""
        # The decorated function's own name now means this object, so pickle by that name.
        return _recall, (self.ask.__module__, self.ask.__name__)

    @property
    def doc(self) -> str:
        """What the probe does and what its answer means."""
        return (self.ask.__doc__ or "").strip()


def _recall(module: str, name: str) -> Any:  # noqa: ANN401 - whatever was pickled
    return getattr(import_module(module), name)


@dataclass(frozen=True)
class Finding:
    """The answer to one probe. ``seconds`` is how long the asking took."""

    probe: str
    outcome: Outcome
    reason: Reason | None = None
    errno: str | None = None
    detail: str = ""
    value: Value = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Need:
    """One thing that a role requires: any of these probes answered *yes*.

    ``any_of`` may be empty: a standing caveat that nothing on this path can lift.
    ``says`` is the engine's own error text, with ``{error}`` for the words of the errno found.
    """

    any_of: tuple[Probe, ...]
    because: str
    source: str
    level: Level = Level.MUST
    says: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Role:
    """A use of a directory, such as ``docker/data-root``."""

    id: str
    title: str
    needs: tuple[Need, ...]


@dataclass(frozen=True)
class Engine:
    """A container engine and its roles, the most demanding first."""

    id: str
    title: str
    roles: tuple[Role, ...]


@dataclass(frozen=True)
class Unmet:
    """A need that was not met, or of which it is unknown whether it is."""

    any_of: tuple[str, ...]
    because: str
    source: str
    says: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Verdict:
    """What the findings mean for one role."""

    id: str
    title: str
    fitness: Fitness
    blockers: tuple[Unmet, ...] = ()
    concerns: tuple[Unmet, ...] = ()
    open: tuple[Unmet, ...] = ()

    @property
    def engine(self) -> str:
        """The engine's id: what stands before the slash."""
        return self.id.partition("/")[0]

    @property
    def remedies(self) -> tuple[str, ...]:
        """What to do instead, each once, the most pressing first."""
        unmet = (*self.blockers, *self.open, *self.concerns)
        return tuple(dict.fromkeys(need.remedy for need in unmet if need.remedy))


@dataclass(frozen=True)
class Mount:
    """The mount that holds the path, as /proc/self/mountinfo tells it (proc_pid_mountinfo(5)).

    ``type`` carries a FUSE subtype (``fuse.sshfs``); ``magic`` is statfs(2)'s f_type in hex, or
    None while unasked; ``devices`` is the block-device chain from the source down.
    """

    id: int
    point: str
    type: str
    source: str
    options: tuple[str, ...] = ()
    super_options: tuple[str, ...] = ()
    propagation: tuple[str, ...] = ()
    magic: str | None = None
    devices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Host:
    """The kernel and the rights with which it was asked."""

    kernel: str
    machine: str
    euid: int
    capabilities: tuple[str, ...] = ()
    initial_user_namespace: bool = True
    user_namespaces: str = ""
    """What stands in the way of a new user namespace here; empty if nothing known does."""
    lsm: tuple[str, ...] = ()
    overlay: bool = False
    """Whether /proc/filesystems lists overlay now; a module may still be loadable."""


@dataclass(frozen=True)
class Report:
    """All that one survey learned.

    ``resolved`` is where the path leads (None if that was never learned) and ``links`` the
    symbolic links on the way; ``warnings`` tells what the survey itself ran into.
    """

    tool: str
    path: str
    resolved: str | None
    links: tuple[str, ...]
    host: Host | None
    mount: Mount | None
    findings: Mapping[str, Finding]
    verdicts: Mapping[str, Verdict]
    warnings: tuple[str, ...] = ()
    schema: int = SCHEMA

    def __getitem__(self, role: str) -> Verdict:
        """The verdict on one role, by its id."""
        return self.verdicts[role]

    def __bool__(self) -> bool:
        """Refuse: a report is not a yes or a no."""
        message = "a Report has no truth value; ask report['docker/data-root'].fitness.fits"
        raise TypeError(message)

    @property
    def engines(self) -> tuple[str, ...]:
        """The ids of the engines that were judged."""
        return tuple(dict.fromkeys(verdict.engine for verdict in self.verdicts.values()))

    def best(self, engine: str) -> Verdict | None:
        """The verdict on the most demanding role of the engine that fits, if one does."""
        own = self.of_engine(engine)
        if not own:
            raise UnknownRoleError(engine)
        return next((verdict for verdict in own if verdict.fitness.fits), None)

    def require(self, role: str) -> Verdict:
        """The verdict if the role fits; otherwise raise UnsuitableError with the reason."""
        verdict = self.verdicts.get(role)
        if verdict is None:
            raise UnknownRoleError(role)
        if not verdict.fitness.fits:
            raise UnsuitableError(self, verdict)
        return verdict

    @property
    def summary(self) -> str:
        """One line of at most 80 characters that stands alone."""
        text = "; ".join(self._engine_summary(engine) for engine in self.engines)
        return text if len(text) <= _SUMMARY else text[: _SUMMARY - 1] + "…"

    def of_engine(self, engine: str) -> tuple[Verdict, ...]:
        """The verdicts on one engine's roles, the most demanding first."""
        return tuple(verdict for verdict in self.verdicts.values() if verdict.engine == engine)

    def _engine_summary(self, engine: str) -> str:
        own = self.of_engine(engine)
        whole = own[0]
        if whole.fitness.fits:
            return f"{whole.id}: {whole.fitness.value}"
        fitting = " and ".join(verdict.title for verdict in own if verdict.fitness.fits)
        if whole.fitness is Fitness.UNDETERMINED:
            return f"{whole.id}: could not be established ({self.cause(whole)})"
        if fitting:
            return f"{engine}: {fitting} only ({self.cause(whole)})"
        return f"{engine}: nothing can live here ({self.cause(whole)})"

    def cause(self, verdict: Verdict) -> str:
        """What decided against the role, in a few words: ``overlay.upper: no, EINVAL``."""
        for unmet in (*verdict.blockers, *verdict.open):
            for probe in unmet.any_of:
                found = self.findings.get(probe)
                if found is not None:
                    why = found.errno or (found.reason.value if found.reason else "")
                    return f"{probe}: {found.outcome.value}" + (f", {why}" if why else "")
            return unmet.because
        return ""


class FscapsError(Exception):
    """The base of everything fscaps raises."""


class TargetError(FscapsError):
    """The path could not be asked at all: it does not exist, or is no directory.

    ``errno`` is the symbolic name, such as ``ENOENT``.
    """

    def __init__(self, path: str, message: str, errno: str | None = None) -> None:
        super().__init__(path, message, errno)
        self.path = path
        self.message = message
        self.errno = errno

    def __str__(self) -> str:
        """One line for people, with unprintable characters escaped."""
        return f"{printable(self.path)}: {self.message}"


class UnknownRoleError(FscapsError, ValueError):
    """No engine has a role, and no engine is, of that name."""

    def __init__(self, role: str) -> None:
        super().__init__(role)
        self.role = role

    def __str__(self) -> str:
        """One line for people."""
        return f"unknown engine or role: {printable(self.role)}"


class PlatformError(FscapsError):
    """fscaps cannot run here: not Linux, or no Python to run its worker with."""


class SandboxError(FscapsError):
    """The process that should have asked could not be started."""


class UnsuitableError(FscapsError):
    """Report.require() found that the role does not fit, or could not tell."""

    def __init__(self, report: Report, verdict: Verdict) -> None:
        super().__init__(report, verdict)
        self.report = report
        self.verdict = verdict

    def __str__(self) -> str:
        """The role, its fitness, and the first reason."""
        reasons = (*self.verdict.blockers, *self.verdict.open)
        because = f": {reasons[0].because}" if reasons else ""
        path = printable(self.report.path)
        return f"{path} is {self.verdict.fitness.value} for {self.verdict.id}{because}"


def printable(text: str) -> str:
    """The text with control characters and undecodable bytes escaped, safe for a terminal."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode()
        for char in text
    )
