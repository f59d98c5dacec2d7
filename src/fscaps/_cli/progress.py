"""What is shown while one waits."""

from __future__ import annotations

import os
import time

from .output import to_stderr

_CLEAR = "\r\x1b[K"


class Progress:
    """A line on a terminal's standard error that says what is asked, once a second has passed."""

    def __init__(self, *, quiet: bool) -> None:
        self._shown = not quiet and os.isatty(2) and os.environ.get("TERM") != "dumb"
        self._begun = time.monotonic()
        self._line = ""

    def __call__(self, probe: str | None) -> None:
        """Show that this is being asked; None before the first and after the last."""
        passed = int(time.monotonic() - self._begun)
        line = f"… {probe or 'waiting for an answer'} ({passed} s)"
        if self._shown and passed and line != self._line:
            to_stderr(_CLEAR + line)
            self._line = line

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        """Take the line away again."""
        if self._line:
            to_stderr(_CLEAR)
