"""Debian's kernels, in qemu."""

import re

DEBIANS = re.compile(r"(\d+\.\d+\.\d+(?:-\d+)?)(?:\+deb\d+)?-amd64")
"""What a release of theirs looks like: 6.1.0-50-amd64, 6.12.117+deb13-amd64."""
