"""What the command writes, and what becomes of it where nobody can read it."""

from __future__ import annotations

import os

from ..errors import printable


def to_stdout(text: str) -> bool:
    """Write to standard output; False, after a line on standard error, if that failed."""
    try:
        _write(1, text)
    except BrokenPipeError:
        pass  # whoever read us has seen enough
    except OSError as error:
        complain(f"the report could not be written: {error.strerror}")
        return False
    return True


def to_file(text: str, path: str) -> bool:
    """Write to a file; False, after a line on standard error, if that failed."""
    try:
        with open(path, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        complain(f"the report could not be written to {path}: {why}")
        return False
    return True


def complain(message: str) -> None:
    """One line on standard error, if that can be written to; the exit status tells as well."""
    to_stderr(f"fscaps: {printable(message)}\n")


def to_stderr(text: str) -> None:
    """Write to standard error, if that can be written to."""
    try:
        _write(2, text)
    except OSError:
        return


def _write(fd: int, text: str) -> None:
    """Unbuffered, so that nothing is left to fail when the interpreter ends."""
    data = text.encode("utf-8", "backslashreplace")
    while data:
        try:
            data = data[os.write(fd, data) :]
        except BlockingIOError:  # another program that has this pipe made it so
            from select import select  # noqa: PLC0415 - seldom wanted

            select([], [fd], [])
