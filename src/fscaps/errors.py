"""What fscaps raises, and text made safe for a terminal. Imports nothing."""

from __future__ import annotations

_SHOWN = 200


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
        path = self.path if len(self.path) <= _SHOWN else self.path[:_SHOWN] + "…"
        return f"{printable(path)}: {self.message}" if path else self.message


class UnknownRoleError(FscapsError, ValueError):
    """No engine has a role, and no engine is, of that name."""

    def __init__(self, role: str, instead: str = "") -> None:
        super().__init__(role, instead)
        self.role = role
        self.instead = instead
        """The role that answers for what bears that name; empty if none does."""

    def __str__(self) -> str:
        """One line for people."""
        hint = f"; {self.instead} answers for it" if self.instead else ""
        return f"unknown engine or role: {printable(self.role)}{hint}"


class PlatformError(FscapsError):
    """fscaps cannot run here: not Linux, or no Python to run its worker with."""


class SandboxError(FscapsError):
    """The process that should have asked could not be started."""


def printable(text: str) -> str:
    """The text with control characters and undecodable bytes escaped, safe for a terminal."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode()
        for char in text
    )
