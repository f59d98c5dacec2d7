"""Inside the second kernel: print how many calls one survey makes to an NFS 4.2 server."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from lab.filesystems import FILESYSTEMS


def calls() -> int:
    """Give the calls that the kernel has made to its NFS servers."""
    text = Path("/proc/self/mountstats").read_text(encoding="utf-8").partition("per-op")[2]
    return sum(map(int, re.findall(r"^\s+[A-Z_]+: (\d+)", text, re.MULTILINE)))


with tempfile.TemporaryDirectory() as work, FILESYSTEMS["nfs4"](Path(work)) as directory:
    before = calls()
    survey = [sys.executable, "-m", "fscaps", "-q", "--timeout", "20", "--deadline", "100"]
    subprocess.run([*survey, str(directory)], check=False)
    print(f"calls {calls() - before}")
