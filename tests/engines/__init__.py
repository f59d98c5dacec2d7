"""Real engines, as the truth that the verdicts are held against."""
