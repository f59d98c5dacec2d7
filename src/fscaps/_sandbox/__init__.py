"""The process a probe may hang, crash or be killed in, and the one that watches it."""

TIMEOUT = 5.0
"""Seconds that one probe may take, by default."""
DEADLINE = 30.0
"""Seconds that one survey may take, by default."""
