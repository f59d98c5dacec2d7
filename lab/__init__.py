"""Real engines on real file systems: what fscaps' verdicts are held against."""
