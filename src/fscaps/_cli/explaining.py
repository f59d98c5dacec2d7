"""What the command does with --explain TEXT."""

from __future__ import annotations

import os

from .._explain import explain
from ..messages import _paste
from ..model import FscapsError
from ..render import Style, _explanation
from .output import complain, to_file, to_stdout
from .progress import Progress
from .status import FITS, UNASKED, UNFIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from .._sandbox.child import Child
    from ..messages._explanation import Explanation

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
    first, *others = options.paths or [None]
    asked = [_one(text, first, options, worker), *(_one(text, path, options) for path in others)]
    answers = [answer for answer in asked if answer is not None]
    written = _written([_shown(answer, options, style) for answer in answers], options)
    if not written or len(answers) < len(asked):
        return UNASKED
    return FITS if answers[0] else UNFIT  # what is known of the text is the same on each path


def _one(
    text: str, path: str | None, options: argparse.Namespace, worker: Child | None = None
) -> Explanation | None:
    """The text explained on one path; None if it could not be asked, which was complained of."""
    try:
        with Progress(quiet=options.quiet) as progress:
            return explain(
                text,
                path,
                on_asking=progress,
                mount=options.mount,
                timeout=options.timeout,
                deadline=options.deadline,
                worker=worker,
                user=options.user,
                write=options.write,
            )
    except (FscapsError, ValueError) as error:
        complain(str(error))
        return None


def _shown(explanation: Explanation, options: argparse.Namespace, style: Style) -> str:
    if options.format == "json":
        return _explanation.as_json(explanation)
    return _explanation.as_text(explanation, style)


def _written(answers: list[str], options: argparse.Namespace) -> bool:
    if not answers:
        return True
    whole = ("" if options.format == "json" else "\n").join(answers)
    return to_stdout(whole) if options.output is None else to_file(whole, options.output)


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
