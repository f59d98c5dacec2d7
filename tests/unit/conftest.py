"""Settings that the unit tests share: examples are not timed, and nothing is written here."""

from __future__ import annotations

from hypothesis import settings

# A slow machine is no failure, and a checkout that only others may write to is none either.
settings.register_profile("unit", deadline=None, max_examples=100, database=None, print_blob=True)
settings.load_profile("unit")
