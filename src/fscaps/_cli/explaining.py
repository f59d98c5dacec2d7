"""What the command does with --explain TEXT."""

from __future__ import annotations

import os

from .._explain import explain
from ..messages import _paste
from ..model import FscapsError
from ..render import Style, _explanation
from .output import complain, to_file, to_stdout
from .status import FITS, UNASKED, UNFIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from .._sandbox.child import Child

_FORMATS = ("text", "json")


def run(options: argparse.Namespace, style: Style, worker: Child | None) -> int:
    """Explain the text, on each path if there are any; the exit status.

    ``worker`` is for the first path.
    """
    if options.format not in _FORMATS:
        complain(f"an explanation has no format {options.format!r}; there are text and json")
        return UNASKED
    text = _from_stdin() if options.explain == "-" else options.explain
    if not text.strip():
        complain("there is nothing to explain; see --list for ids")
        return UNASKED
    answers: list[str] = []
    known = True
    for path in options.paths or [None]:
        try:
            explanation = explain(
                text,
                path,
                mount=options.mount,
                timeout=options.timeout,
                deadline=options.deadline,
                worker=worker,
                write=options.write,
            )
        except (FscapsError, ValueError) as error:
            complain(str(error))
            return UNASKED
        worker = None
        known = bool(explanation)
        as_json = options.format == "json"
        answers.append(
            _explanation.as_json(explanation)
            if as_json
            else _explanation.as_text(explanation, style)
        )
    whole = ("" if options.format == "json" else "\n").join(answers)
    written = to_stdout(whole) if options.output is None else to_file(whole, options.output)
    if not written:
        return UNASKED
    return FITS if known else UNFIT


def _from_stdin() -> str:
    """The end of standard input, as much as is looked at."""
    kept = b""
    while True:
        try:
            block = os.read(0, 1 << 16)
        except OSError:
            return kept.decode("utf-8", "replace")
        if not block:
            return kept.decode("utf-8", "replace")
        kept = (kept + block)[-4 * _paste.LIMIT :]
