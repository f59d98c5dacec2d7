"""python -m fscaps."""

import sys

from . import _defer

_defer.inspect()

from ._cli import main  # noqa: E402 - after the deferral, or it would be for nothing

sys.exit(main())
