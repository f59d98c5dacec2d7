"""A second kernel."""
