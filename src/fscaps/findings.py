"""What is asked and what is found: the nouns that a worker needs."""

from __future__ import annotations

import enum
from dataclasses import field
from importlib import import_module

from ._noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Optional, Union

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


class Mounting(str, enum.Enum):
    """When to try a real overlay mount."""

    AUTO = "auto"
    """Where cheaper questions leave the answer open."""
    ALWAYS = "always"
    """Wherever it is safe, whatever the cheaper questions said."""
    NEVER = "never"


class Probe(Noun):
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


class Finding(Noun):
    """The answer to one probe. ``seconds`` is how long the asking took."""

    probe: str
    outcome: Outcome
    reason: Reason | None = None
    errno: str | None = None
    detail: str = ""
    value: Value = None
    seconds: float = 0.0


class Mount(Noun):
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


class Host(Noun):
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
    max_user_namespaces: int | None = None
    """How many a user may have (namespaces(7)); None where the kernel does not tell."""
    max_mnt_namespaces: int | None = None
    selinux: str = ""
    """``enforcing`` or ``permissive``; empty where SELinux is not at work."""
    security_context: str = ""
    """How a security module labels whoever asked: SELinux' context, AppArmor's profile and mode."""
