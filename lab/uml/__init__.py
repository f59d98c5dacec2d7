"""A second kernel."""

RECORDED = {"6.1.176"}
"""The releases of it that rows were recorded on; a row tells no more than its kernel's release."""
