"""python -m fscaps."""

import os

from . import _defer

_defer.inspect()

from ._cli import main  # noqa: E402 - after the deferral, or it would be for nothing

# All is written; there is nothing for the interpreter to tidy up, which would take a while.
os._exit(main())
