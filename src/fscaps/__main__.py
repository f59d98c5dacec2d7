"""python -m fscaps."""

import sys

from ._cli import main

sys.exit(main())
