"""The exit statuses, of which installers depend on the numbers."""

from __future__ import annotations

FITS = 0
UNFIT = 1
UNASKED = 2
PARTLY = 3
UNESTABLISHED = 4
BUG = 70  # sysexits.h: EX_SOFTWARE
