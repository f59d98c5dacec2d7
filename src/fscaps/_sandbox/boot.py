"""The first lines of a child: let go of what was inherited, then load the rest and serve."""

from __future__ import annotations

import gc
import os

from .. import _defer


def start() -> None:
    """Serve the one request that comes on standard input."""
    gc.disable()  # it lives for a moment
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2:  # noqa: PLR2004 - the standard descriptors are the supervisor's pipes
            try:
                os.close(int(name))
            except OSError:
                continue  # the one that listed the others
    os.setsid()
    _defer.imports_of_dataclasses()
    from . import worker  # noqa: PLC0415 - after the deferral

    worker.main()
