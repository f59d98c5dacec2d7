"""The how-tos' own commands, run as they stand on the page, on real NFS with a second client.

The hosts are namespaces of one User-Mode Linux: see hosts.sh for what they share. Replaced are
systemd, which the machine does not run (`systemctl` here starts dockerd), and the installed
``fscaps`` command, which runs from this checkout.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from engines import image
from uml import how_to, machine
from uml.how_to import Step

import fscaps

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).resolve().parent
PAGES = HERE.parents[1] / "docs/how-to"
SRC = Path(fscaps.__file__).parents[1]
SECONDS = 500

pytestmark = [
    pytest.mark.skipif(not machine.available(), reason="no User-Mode Linux here"),
    pytest.mark.timeout(SECONDS + 60),
]

_SETUP = f"""
HERE={HERE}
. {HERE}/hosts.sh
mkdir /run/bin
cp {HERE}/systemctl /run/bin
cat >/run/bin/fscaps <<'SCRIPT'
#!/bin/sh
PYTHONPATH={SRC} exec {sys.executable} -m fscaps --timeout 20 --deadline 100 "$@"
SCRIPT
chmod +x /run/bin/fscaps
export PATH=/usr/local/bin:/usr/local/sbin:$PATH
mount --bind /run/bin /usr/local/bin
modprobe -a veth nbd erofs
"""


class Done(NamedTuple):
    """What a page's commands printed, by step, and everything else in one log."""

    results: Path
    log: str

    def said(self, step: Step) -> str:
        """What a step printed on standard output."""
        return (self.results / f"{step.name}.out").read_text()
