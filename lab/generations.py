"""The generations of the engines: this machine's own, and newer distributions' in a chroot.

`lab/generation SUITE` makes one, by debootstrap(8), below ``$FSCAPS_LAB``.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lab.machine import PATH

PLACE = Path(os.environ.get("FSCAPS_LAB", "/var/cache/fscaps-lab"))
_VERSION = re.compile(r"\b(\d+\.\d+(\.\d+)?)")
# podman wants /proc even for telling its version.
_CHROOT = (
    *("unshare", "--mount", "--pid", "--fork", "sh", "-c"),
    'mount -t proc proc "$1/proc" && exec chroot "$@"',
    "sh",
)
_PROGRAMS = {
    "apptainer": "apptainer",
    "docker": "dockerd",
    "containerd": "containerd",
    "podman": "podman",
}


@dataclass(frozen=True)
class Generation:
    """A distribution whose engines can be run; `root` is its chroot, None for the host's own."""

    name: str
    root: Path | None = None

    def version(self, engine: str) -> str | None:
        """Give the version of an engine, None if it is not installed."""
        if engine == "kernel":  # a chroot has none of its own
            return None if self.root else os.uname().release.partition("-")[0]
        return _version(_PROGRAMS[engine], self.root)


@functools.lru_cache(maxsize=None)
def _version(program: str, root: Path | None) -> str | None:
    if root is None and not shutil.which(program, path=PATH):
        return None
    chroot = [] if root is None else [*_CHROOT, str(root)]
    done = subprocess.run(
        [*chroot, program, "--version"],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": PATH},
    )
    found = _VERSION.search(done.stdout)
    return found[1] if found else None


def _own() -> str:
    text = Path("/etc/os-release").read_text(encoding="utf-8")
    name = re.search(r'^VERSION_CODENAME="?(\w+)', text, re.MULTILINE)
    return name[1] if name else "host"


OLDEST = "bookworm"  # Debian 12, on which the matrix is recorded
HOST = Generation(_own())


def every() -> dict[str, Generation]:
    """Give the generations of this machine by name: bookworm, trixie, sid."""
    found = [HOST]
    if PLACE.is_dir():
        roots = sorted(root for root in PLACE.iterdir() if (root / "usr/bin/dockerd").exists())
        roots += sorted(r for r in PLACE.iterdir() if (r / "usr/sbin/dockerd").exists())
        found += [Generation(root.name, root) for root in dict.fromkeys(roots)]
    return {generation.name: generation for generation in found}
