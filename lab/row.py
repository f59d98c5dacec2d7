"""One row: a fresh file system, one role on it or one survey of it, in namespaces of its own.

`python -m lab.row WORK FILESYSTEM ROLE GENERATION` prints the row as JSON; ROLE may be
`findings:root` or `findings:user`. Run it as process 1 of a pid namespace, in a mount namespace,
so that its end is the end of everything that it started.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fscaps
from lab import user
from lab.filesystems import FILESYSTEMS
from lab.generations import Generation, every
from lab.outcome import Level
from lab.place import Place
from lab.roles import ROLES

if TYPE_CHECKING:
    from lab.results import Row

_SRC = Path(fscaps.__file__).parents[1]
_NOT_ASKED = 2  # fscaps' exit status for a path that cannot be asked
_LONGEST = 2000  # characters kept of a text; some are whole dumps
_ID = re.compile(r"\b[0-9a-f]{64}\b")


def row(work: Path, filesystem: str, role: str, generation: Generation) -> Row:
    """Make the file system, do the work, take it all away, and say what was seen."""
    for name in ("fs", "engine"):
        (work / name).mkdir(mode=0o755)
    kind, _, asked_as = role.partition(":")
    with FILESYSTEMS[filesystem](work / "fs") as directory:
        common = {"kernel": os.uname().release, "filesystem": filesystem}
        if kind == "findings":
            return {**common, "asked_as": asked_as, **_findings(directory, asked_as, work)}
        outcome = asdict(ROLES[role].work(Place(directory, work / "engine", generation)))
    if outcome["level"] is Level.YES:
        del outcome["complaints"]  # what a daemon grumbles about while all is well
    version = generation.version(ROLES[role].engine)
    engine = {"role": role, "engine": f"{ROLES[role].engine} {version}"}
    return {**common, **engine, "generation": generation.name, **_polished(outcome, work)}


def _findings(directory: Path, asked_as: str, work: Path) -> dict[str, Any]:
    """Ask fscaps everything, and keep what it found and how it judged."""
    command = [sys.executable, "-m", "fscaps"]
    if asked_as == "user":
        user.give(directory)
        user.introduce(work)
        if Path("/dev/fuse").exists():
            user.open_fuse(work)
        command = [*user.become(), user.python(), "-m", "fscaps"]
    paths = os.pathsep.join((str(_SRC), sysconfig.get_path("platlib")))
    done = subprocess.run(
        [*command, "--json", "--timeout", "20", "--deadline", "120", str(directory)],
        check=False,
        capture_output=True,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
    )
    if done.returncode == _NOT_ASKED:
        refused = {"verdicts": {}, "findings": {}, "warnings": [done.stderr.decode()]}
        return {"tool": None, "mount": None, "host": None, **_polished(refused, work)}
    report = json.loads(done.stdout)
    verdicts = {role: verdict["fitness"] for role, verdict in report["verdicts"].items()}
    found = {name: _without_seconds(finding) for name, finding in report["findings"].items()}
    kept = {"tool": report["tool"], "mount": report["target"]["mount"], "host": report["host"]}
    said = {"verdicts": verdicts, "findings": found, "warnings": report["warnings"]}
    polished: dict[str, Any] = _polished({**kept, **said}, work)
    return polished


def _without_seconds(finding: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in finding.items() if name != "seconds"}


def _polished(value: Any, work: Path) -> Any:
    """Without names that change from run to run, so that rows can be compared."""
    if isinstance(value, dict):
        return {name: _polished(entry, work) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_polished(entry, work) for entry in value]
    if isinstance(value, str):
        return _ID.sub("<id>", _legible(value).replace(str(work), "/lab"))[:_LONGEST]
    return value


def _legible(text: str) -> str:
    """As a terminal shows it: a byte of an engine's words that is no UTF-8 has no place in ours."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def main() -> None:
    """Print the row."""
    work, filesystem, role, generation = sys.argv[1:]
    print(json.dumps(row(Path(work), filesystem, role, every()[generation])))


if __name__ == "__main__":
    main()
