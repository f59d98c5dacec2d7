"""Inside the second kernel: survey one file system, and have an engine use it if asked to.

`inside.py RESULTS FILESYSTEM [ROLE]`, in mount and pid namespaces of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import fscaps
from fscaps.render import Style, render
from lab.filesystems import FILESYSTEMS, missing
from lab.image_file import holds_erofs, holds_ext4
from lab.roles import ROLES


def main(results: Path, name: str, *roles: str) -> None:
    """Write the report, what is left, whether image files work, and what became of the role.

    Or, where the second kernel or its tools lack something, what that is.
    """
    system = FILESYSTEMS[name]
    lacking = missing(system)
    if lacking:
        (results / f"{name}.missing").write_text(lacking)
        return
    temporary = tempfile.TemporaryDirectory
    with temporary() as scratch, temporary() as work, system(Path(work)) as directory:
        subprocess.run(["dmesg", "--clear"], check=True)
        report = fscaps.survey(directory, timeout=20, deadline=120)
        said = subprocess.run(["dmesg", "--read-clear"], check=True, capture_output=True, text=True)
        (results / f"{name}.dmesg").write_text(said.stdout)
        (results / f"{name}.left").write_text("\n".join(os.listdir(directory)))
        (results / f"{name}.json").write_text(render(report, "json", Style()))
        holds = [holds(directory, Path(scratch)) for holds in (holds_ext4, holds_erofs)]
        (results / f"{name}.holds").write_text(json.dumps(holds))
        for role in roles:
            outcome = ROLES[role].use(directory)
            (results / "outcome.json").write_text(json.dumps(asdict(outcome)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
