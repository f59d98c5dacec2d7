"""The command line: arguments in, a report on standard output, an exit status."""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import TYPE_CHECKING, NoReturn

from ._survey import DEADLINE, TIMEOUT, survey
from ._version import __version__
from .model import Fitness, FscapsError, Mounting, printable
from .render import Style, formats, render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .model import Finding, Report

FITS, UNFIT, UNASKED, PARTLY, UNESTABLISHED = 0, 1, 2, 3, 4
BUG = 70  # sysexits.h: EX_SOFTWARE

_EPILOG = """\
exit status:
  0  every role asked for fits, be it with a loss (not with --strict)
  1  none of them does
  2  could not be asked: bad arguments, no such path
  3  some do, some do not
  4  at least one could not be established
 69  this Python is too old
 70  a bug in fscaps
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line, where argparse would print the usage as well."""
        self.exit(UNASKED, f"fscaps: {printable(message)}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status; never raises, never prints a traceback."""
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        return 130
    except Exception as bug:
        _complain(f"a bug in fscaps: {type(bug).__name__}: {bug}")
        return BUG


def _run(arguments: Sequence[str] | None) -> int:
    options = _parser().parse_args(arguments)
    if options.list or options.explain or options.schema:
        return _inform(options)
    if not options.paths:
        _complain("no path given; try --help")
        return UNASKED
    reports: list[str] = []
    statuses = [_one(path, options, reports) for path in options.paths]
    if options.output is not None and not _to_file("".join(reports), options.output):
        return UNASKED
    return _worst(statuses)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="fscaps",
        description="Can this directory back a container engine's storage? Ask the file system.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("paths", nargs="*", metavar="PATH", help="a directory on the file system in question")
    add(
        "--for",
        dest="roles",
        action="append",
        metavar="ROLE",
        help="judge for this engine or role only, such as docker/data-root; may be repeated",
    )
    add("--format", default="text", metavar="NAME", help="text (the default) or json")
    add("--json", dest="format", action="store_const", const="json", help="--format json")
    add("-o", "--output", metavar="FILE", help="write the report there, not to standard output")
    for name, seconds, scope in (
        ("--timeout", TIMEOUT, "one probe"),
        ("--deadline", DEADLINE, "all of a path"),
    ):
        text = f"for {scope} (default: %(default)s)"
        add(name, type=float, default=seconds, metavar="SECONDS", help=text)
    add(
        "--mount",
        choices=[when.value for when in Mounting],
        default=Mounting.AUTO.value,
        help="when to mount a real overlay, where nobody sees it (default: %(default)s)",
    )
    add("--only", action="append", default=[], metavar="GLOB", help="ask these probes only")
    add("--skip", action="append", default=[], metavar="GLOB", help="do not ask these probes")
    add("--strict", action="store_true", help="a role that fits with a loss does not fit")
    add("--color", choices=("auto", "always", "never"), default="auto", help="default: auto")
    add("-v", "--verbose", action="store_true", help="show every finding and every source")
    add("-q", "--quiet", action="store_true", help="show the answer alone")
    add("--list", choices=("probes", "engines", "formats"), help="list them and exit")
    add("--explain", metavar="ID", help="say what a probe or a role is about, and exit")
    add("--schema", action="store_true", help="print the JSON Schema of --json and exit")
    add("--version", action="version", version=f"fscaps {__version__}")
    return parser


def _inform(options: argparse.Namespace) -> int:
    """The answers that take no path; their formatting is loaded only here."""
    from . import _catalogue  # noqa: PLC0415

    text = _catalogue.text(options.list, options.explain)
    if text is None:
        _complain(f"no probe and no role is called {options.explain}; see --list")
        return UNASKED
    return FITS if _to_stdout(text) else UNASKED


def _one(path: str, options: argparse.Namespace, reports: list[str]) -> int:
    """Survey one path and write its report, or add it to those that go to a file together."""
    progress = _Progress(options.quiet)
    try:
        _check(options)
        report = survey(
            path,
            roles=options.roles,
            only=options.only,
            skip=options.skip,
            mount=options.mount,
            timeout=options.timeout,
            deadline=options.deadline,
            on_finding=progress,
        )
    except (FscapsError, ValueError) as error:
        _complain(str(error))
        return UNASKED
    finally:
        progress.clear()
    text = render(report, options.format, _style(options))
    if reports and options.format == "text":
        text = "\n" + text
    reports.append(text)
    if options.output is None and not _to_stdout(text):
        return UNASKED
    return status(report, strict=options.strict)


def _check(options: argparse.Namespace) -> None:
    if options.format not in formats():
        message = f"unknown format {options.format!r}; there are {', '.join(formats())}"
        raise ValueError(message)


def status(report: Report, *, strict: bool) -> int:
    """The exit status that a report amounts to."""
    fits = {Fitness.SUITABLE} if strict else {Fitness.SUITABLE, Fitness.DEGRADED}
    found = [verdict.fitness for verdict in report.verdicts.values()]
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
    color = options.color == "always" or (options.color == "auto" and terminal)
    width = os.get_terminal_size(1).columns if terminal else 80
    return Style(min(width or 80, 100), color, options.verbose, options.quiet)


def _to_stdout(text: str) -> bool:
    """Write to standard output; False, after a line on standard error, if that failed."""
    data = text.encode("utf-8", "backslashreplace")
    try:
        while data:
            data = data[os.write(1, data) :]
    except BrokenPipeError:
        pass  # whoever read us has seen enough
    except OSError as error:
        _complain(f"the report could not be written: {error.strerror}")
        return False
    return True


def _to_file(text: str, path: str) -> bool:
    """Write to a file; False, after a line on standard error, if that failed."""
    try:
        with open(path, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError as error:
        _complain(f"the report could not be written to {printable(path)}: {error.strerror}")
        return False
    return True


def _complain(message: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(f"fscaps: {message}\n")


class _Progress:
    """A line on standard error that says what was last found, once a second has passed."""

    def __init__(self, quiet: bool) -> None:  # noqa: FBT001 - the command line's own flag
        shown = sys.stderr is not None and sys.stderr.isatty() and not quiet
        self._after = time.monotonic() + 1 if shown else float("inf")
        self._told = False

    def __call__(self, finding: Finding) -> None:
        if time.monotonic() > self._after:
            self._told = True
            sys.stderr.write(f"\r\x1b[K… {finding.probe}: {finding.outcome.value}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away again."""
        if self._told:
            sys.stderr.write("\r\x1b[K")
