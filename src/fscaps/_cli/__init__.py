"""The command line: arguments in, a report on standard output, an exit status."""

from __future__ import annotations

import sys

from ..errors import FscapsError
from .output import complain
from .status import BUG, UNASKED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._sandbox.child import Child


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status; never raises, never prints a traceback."""
    if sys.platform != "linux":
        complain(f"this runs on Linux only, not on {sys.platform}")
        return UNASKED
    given = sys.argv[1:] if arguments is None else arguments
    worker = None
    try:
        worker = _started_ahead(given)
        return _run(given, worker)
    except KeyboardInterrupt:
        return 130
    except Exception as bug:
        complain(f"a bug in fscaps: {type(bug).__name__}: {bug}")
        return BUG
    finally:
        if worker:
            worker.dismiss()


def _started_ahead(arguments: Sequence[str]) -> Child | None:
    """A worker, where there seems to be a path: it loads while the arguments are understood."""
    if all(argument.startswith("-") for argument in arguments):
        return None
    from .._sandbox import child  # noqa: PLC0415 - imports what other systems lack

    try:
        return child.start("boot")
    except FscapsError:
        return None  # survey() will meet the same, and tell


def _run(arguments: Sequence[str], worker: Child | None) -> int:
    from .arguments import parsed  # noqa: PLC0415 - the worker loads meanwhile

    options = parsed(arguments)
    from . import command  # noqa: PLC0415 - as above

    if options.list or options.explain is not None or options.schema:
        return command.inform(options, worker)
    if not options.paths:
        complain("no path given; try --help")
        return UNASKED
    return command.run(options, worker)
