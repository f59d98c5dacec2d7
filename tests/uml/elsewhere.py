"""Survey the registered file systems that the host's kernel lacks; run inside the second kernel."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

from filesystems.host import FILESYSTEMS, missing

import fscaps
from fscaps.render import Style, render


def main(results: Path, names: list[str]) -> None:
    """Write a report for each, or why there is none."""
    for name in names:
        system = FILESYSTEMS[name]
        lacking = missing(system)
        if lacking:
            (results / f"{name}.json").write_text(json.dumps({"missing": lacking}))
            continue
        with tempfile.TemporaryDirectory() as work, system(Path(work)) as directory:
            report = fscaps.survey(directory, timeout=20, deadline=120)
            (results / f"{name}.left").write_text("\n".join(os.listdir(directory)))
            (results / f"{name}.json").write_text(render(report, "json", Style()))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
