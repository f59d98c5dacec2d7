"""What a probe works on: a scratch directory below the path, and what is known so far."""

from __future__ import annotations

import errno

from .._linux import calls
from ..findings import Finding, Host, Mount, Mounting, Outcome, Probe, Reason
from . import Unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    T = TypeVar("T")

    from .._linux.directory import Directory

CONTENT = b"fscaps\n"
PAGE = 4096


class Area:
    """One run's scratch directory and context.

    ``target`` is the probed directory itself, only ever read, if it is ``readable``; ``directory``
    the scratch directory in it, or what stopped its making; ``seconds`` is how long a probe may
    leave a helper process without an answer; ``endings`` what to do before that directory goes.
    Who is ``astray`` has entered a mount namespace and holds its directory from outside.
    """

    def __init__(
        self,
        target: Directory,
        resolved: str,
        host: Host,
        mount: Mount | None = None,
        *,
        mounting: Mounting = Mounting.AUTO,
        seconds: float = 2.0,
    ) -> None:
        self.target = target
        self.directory: Directory | Unknown | OSError = Unknown(Reason.SKIPPED, "not made yet")
        self.resolved = resolved
        self.host = host
        self.mount = mount
        self.mounting = mounting
        self.seconds = seconds
        self.readable = True
        self.findings: dict[str, Finding] = {}
        self.made: dict[str, Any] = {}
        self.astray = False
        self.endings: list[Callable[[], object]] = []

    @property
    def scratch(self) -> Directory:
        """The scratch directory; ends the probe as UNKNOWN if there is none."""
        if isinstance(self.directory, Unknown):
            raise Unknown(Reason.SKIPPED, "nothing may be created here")
        if isinstance(self.directory, OSError):
            name = errno.errorcode.get(self.directory.errno or 0)
            raise Unknown(Reason.SKIPPED, "nothing can be created here", errno=name)
        return self.directory

    @property
    def listed(self) -> Directory:
        """The probed directory, to be read; ends the probe as UNKNOWN if that is denied."""
        if not self.readable:
            raise Unknown(Reason.PRIVILEGE, "the directory may not be read", errno="EACCES")
        return self.target

    @property
    def file(self) -> str:
        """The name of a regular file that holds CONTENT, for probes that leave it so."""
        self.once("file", lambda: self.scratch.write("file", CONTENT))
        return "file"

    @property
    def page(self) -> str:
        """The name of a file of PAGE bytes, for probes that overwrite it in place."""
        self.once("page", lambda: self.scratch.write("page", bytes(PAGE)))
        return "page"

    @property
    def dangling(self) -> str:
        """The name of a symbolic link that leads nowhere, for probes that leave its owner."""
        self.once("link", lambda: self.scratch.symlink("nothing", "link"))
        return "link"

    @property
    def mount_flags(self) -> int:
        """ST_NOEXEC, ST_NODEV and others of the mount (statvfs(3))."""
        return self.once("mount flags", lambda: calls.fstatvfs(self.target.fd).f_flag)

    @property
    def folder(self) -> str:
        """The name of a directory, for probes that leave it empty."""
        self.once("folder", lambda: self.scratch.mkdir("folder").close())
        return "folder"

    def once(self, what: str, make: Callable[[], T]) -> T:
        """Make what several probes share at the first call; what went wrong ends each of them."""
        if what not in self.made:
            try:
                with setting_up():
                    self.made[what] = make()
            except Exception as error:
                self.made[what] = error
        made: T | Exception = self.made[what]
        if isinstance(made, Exception):
            raise made
        return made

    def outcome(self, probe: Probe) -> Outcome:
        """What an earlier probe found; UNKNOWN if it was not asked."""
        found = self.findings.get(probe.id)
        return found.outcome if found else Outcome.UNKNOWN

    def build_on(self, probe: Probe, lacking: str) -> None:
        """End the probe as SKIPPED unless an earlier one left what it works on.

        Where nothing can be made, that is told instead.
        """
        if self.scratch and self.outcome(probe) is not Outcome.YES:
            raise Unknown(Reason.SKIPPED, f"{lacking} (see {probe.id})")

    def lacks(self, capabilities: tuple[str, ...]) -> bool:
        """Whether a refusal may be for want of one of these capabilities."""
        if not capabilities:
            return False
        held = self.host.capabilities
        return not (self.host.initial_user_namespace and set(capabilities) <= set(held))


def random(size: int) -> bytes:
    """Bytes that nobody can have foreseen."""
    with setting_up():
        return calls.urandom(size)


def no_namespace(code: int | None, why: str) -> Unknown:
    """What it means that none could be made: the kernel has none, or lets us have none."""
    reason = Reason.KERNEL if code in (errno.ENOSYS, errno.EINVAL) else Reason.PRIVILEGE
    return Unknown(reason, why, errno=errno.errorcode.get(code or 0))


class _Around:
    """What is done around a question, whose errno must not be taken for an answer."""

    what = ""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OSError):
            name = errno.errorcode.get(error.errno or 0)
            detail = f"could not {self.what}: {error.strerror}"
            raise Unknown(Reason.ERROR, detail, errno=name) from None


class setting_up(_Around):  # noqa: N801 - reads as a statement
    """Turn a failure to prepare into UNKNOWN."""

    what = "prepare"


class verifying(_Around):  # noqa: N801 - reads as a statement
    """Turn a failure to look at what came of a call into UNKNOWN: the call itself succeeded."""

    what = "verify"
