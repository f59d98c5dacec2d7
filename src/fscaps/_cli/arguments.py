"""The grammar of the command line."""

from __future__ import annotations

import argparse
import sys

from .._sandbox import DEADLINE, TIMEOUT
from .._version import __version__
from .output import complain, to_stdout
from .status import UNASKED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

_EPILOG = """\
exit status:
  0  every role asked for fits, be it with a loss (not with --strict)
  1  none of them does
  2  could not be asked: bad arguments, no such path
  3  some do, some do not
  4  at least one could not be established
 69  this Python is too old, or PyPy
 70  a bug in fscaps
with --explain TEXT: 0 explained, 1 not known, 2 could not be asked
"""


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """What the arguments mean; exits with UNASKED, and one line, where they mean nothing."""
    return _parser().parse_args(arguments)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line, where argparse would print the usage as well."""
        complain(message)
        sys.exit(UNASKED)

    def _print_message(self, message: str, _file: object = None) -> None:
        """--help and --version, by our own means, which fail in one line."""
        if message and not to_stdout(message):
            sys.exit(UNASKED)


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """One is made for each option; asking for the terminal's width would load shutil for it."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=78)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="fscaps",
        description="Can this directory back a container engine's storage? Ask the file system.",
        epilog=_EPILOG,
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("paths", nargs="*", metavar="PATH", help="a directory on the file system in question")
    add(
        "--for",
        dest="roles",
        action="append",
        metavar="ROLE",
        help="judge for this engine or role only, such as docker/data-root, and with @VERSION for "
        "that version of it, such as docker@28.5; may be repeated",
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
        choices=("auto", "always", "never"),
        default="auto",
        help="when to mount a real overlay, where nobody sees it, which may load the kernel's "
        "overlay module (default: %(default)s)",
    )
    add("--as", dest="user", metavar="USER", help="ask as this user, by name or uid (root only)")
    add(
        "--no-write",
        dest="write",
        action="store_false",
        help="create nothing there; what takes that stays unknown",
    )
    add("--only", action="append", default=[], metavar="GLOB", help="ask these probes only")
    add("--skip", action="append", default=[], metavar="GLOB", help="do not ask these probes")
    add("--strict", action="store_true", help="a role that fits with a loss does not fit")
    add(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="(default: auto: on a terminal, unless NO_COLOR is set)",
    )
    add("-v", "--verbose", action="store_true", help="show every finding and every source")
    add("-q", "--quiet", action="store_true", help="show the answer alone")
    add("--list", choices=("probes", "engines", "formats"), help="list them and exit")
    add(
        "--explain",
        metavar="ID|TEXT",
        help="say what a probe or a role is about; or what an engine's or the kernel's error means "
        "(- reads it), and with a PATH which of its causes holds there; then exit",
    )
    add("--schema", action="store_true", help="print the JSON Schema of --json and exit")
    add("--version", action="version", version=f"fscaps {__version__}")
    return parser
