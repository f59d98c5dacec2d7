"""python -m fscaps."""

import gc
import os

from . import _defer

_defer.imports_of_dataclasses()
gc.set_threshold(100_000)  # what is loaded stays; to look through it again and again takes a while

from ._cli import main  # noqa: E402 - after the deferral, or it would be for nothing

# All is written; there is nothing for the interpreter to tidy up, which would take a while.
os._exit(main())
