"""The process a probe may hang, crash or be killed in, and the one that watches it."""
