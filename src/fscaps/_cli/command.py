"""What the command does once its arguments are understood."""

from __future__ import annotations

import os
import sys

from .._survey import survey
from ..model import Fitness, FscapsError
from ..render import Style, formats, renderer
from .output import complain, to_file, to_stdout
from .progress import Progress
from .status import FITS, PARTLY, UNASKED, UNESTABLISHED, UNFIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from .._sandbox.child import Child
    from ..report import Report


def run(options: argparse.Namespace, worker: Child | None) -> int:
    """Survey each path, write each report; the exit status. ``worker`` is for the first path."""
    if options.format not in formats():
        complain(f"unknown format {options.format!r}; there are {', '.join(formats())}")
        return UNASKED
    renderer(options.format)  # loaded now, as the worker is loading
    reports: list[str] = []
    first, *others = options.paths
    statuses = [_one(first, options, reports, worker)]
    statuses += [_one(path, options, reports, None) for path in others]
    if options.output is not None and reports and not to_file("".join(reports), options.output):
        return UNASKED
    return _worst(statuses)


def inform(options: argparse.Namespace, worker: Child | None) -> int:
    """The answers that take no path, and the explanation of a text, which may take some."""
    from . import catalogue  # noqa: PLC0415 - loaded only where it is asked for

    text = catalogue.text(options.list, options.explain)
    if text is None:
        from . import explaining  # noqa: PLC0415 - the messages are loaded only for this

        return explaining.run(options, _style(options), worker)
    return FITS if to_stdout(text) else UNASKED


def _one(path: str, options: argparse.Namespace, reports: list[str], worker: Child | None) -> int:
    """Survey one path and write its report, or add it to those that go to a file together."""
    try:
        with Progress(quiet=options.quiet) as progress:
            report = survey(
                path,
                roles=options.roles,
                only=options.only,
                skip=options.skip,
                mount=options.mount,
                timeout=options.timeout,
                deadline=options.deadline,
                on_asking=progress,
                worker=worker,
                user=options.user,
                write=options.write,
            )
    except (FscapsError, ValueError) as error:
        complain(str(error))
        return UNASKED
    text = renderer(options.format)(report, _style(options))
    if reports and options.format == "text":
        text = "\n" + text
    reports.append(text)
    if options.output is None and not to_stdout(text):
        return UNASKED
    return status(report, strict=options.strict)


def status(report: Report, *, strict: bool) -> int:
    """The exit status that a report amounts to."""
    fits = {Fitness.SUITABLE} if strict else {Fitness.SUITABLE, Fitness.DEGRADED}
    usual = [verdict for verdict in report.verdicts.values() if not verdict.alternative]
    found = [verdict.fitness for verdict in usual]
    if Fitness.UNDETERMINED in found:
        return UNESTABLISHED
    fitting = sum(fitness in fits for fitness in found)
    if fitting == len(found):
        return FITS
    return PARTLY if fitting else UNFIT


def _worst(statuses: list[int]) -> int:
    """Of several paths: what could not be asked, then what is not known, then mixed."""
    for bad in (UNASKED, UNESTABLISHED, PARTLY):
        if bad in statuses:
            return bad
    return PARTLY if len(set(statuses)) > 1 else statuses[0]


def _style(options: argparse.Namespace) -> Style:
    terminal = options.output is None and sys.stdout is not None and sys.stdout.isatty()
    wanted = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    color = options.color == "always" or (options.color == "auto" and wanted)
    width = os.get_terminal_size(1).columns if terminal else 80
    return Style(min(width or 80, 100), color, options.verbose, options.quiet)
