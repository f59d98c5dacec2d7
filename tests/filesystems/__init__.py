"""Real file systems, made for one test each and gone after it."""
