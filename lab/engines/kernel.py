"""The kernel by itself: an overlay mounted by hand over a directory, as live systems do."""

from __future__ import annotations

import os
import stat
import subprocess
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from lab.machine import PATIENCE
from lab.mounts import mount, unmount_below
from lab.outcome import Level, Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from lab.place import Place

# What it says is lost; its status says whether anything works. One command a line: of `a && b` the
# shell's -e forgives a.
_USE = """
cd "$1"
names=$(ls)
if echo "$names" | grep -qx file; then cat file >/dev/null; fi
echo "$names" | grep -qx gone && echo "a whiteout in the layer does not hide what lies below"
test -e file || { echo new >new; exit; }
grep -q content file
echo more >>file
grep -q more file
chmod 600 file
chown 1000:1000 file
rm -r directory
mkdir directory
names=$(ls -A directory)
test -z "$names"
mv file renamed
test ! -e file
grep -q content renamed
"""
_ESCAPED = "the path has to be escaped in lowerdir="


def overlay_lower(place: Place) -> Outcome:
    """Use the directory as the upper of two lower layers; all else lies in memory."""
    began = time.monotonic()
    lower = str(_filled(place.directory))
    memory = place.scratch
    mount("tmpfs", memory, "tmpfs")
    try:
        outcome = _mounted_and_used(lower, memory)
    finally:
        unmount_below(memory, [])
    return replace(outcome, seconds=round(time.monotonic() - began, 1))


def _mounted_and_used(lower: str, memory: Path) -> Outcome:
    for name in ("base", "upper", "work", "merged"):
        (memory / name).mkdir()
    if os.path.lexists(f"{lower}/gone"):
        (memory / "base/gone").touch()
    losses: list[str] = []
    try:
        losses += _mount(lower, memory)
    except OSError as error:
        return Outcome(Level.NO, step="mount", words=f"mount: {error.strerror}")
    used = subprocess.run(
        ["sh", "-ec", _USE, "sh", str(memory / "merged")],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    if used.returncode:
        return Outcome(Level.NO, "overlay", "use", used.stderr.strip())
    losses += used.stdout.splitlines()
    return Outcome(Level.LOSES if losses else Level.YES, "overlay", losses=tuple(losses))


def _mount(lower: str, memory: Path) -> list[str]:
    """Mount the overlay, the path as it is or escaped; raise OSError if neither can be."""
    layers = f":{memory}/base,upperdir={memory}/upper,workdir={memory}/work"
    try:
        mount("overlay", memory / "merged", "overlay", 0, f"lowerdir={lower}{layers}")
    except OSError:
        if _escaped(lower) == lower:
            raise
    else:
        return []
    mount("overlay", memory / "merged", "overlay", 0, f"lowerdir={_escaped(lower)}{layers}")
    return [_ESCAPED]


def _escaped(path: str) -> str:
    for character in "\\:,":
        path = path.replace(character, f"\\{character}")
    return path


def _filled(directory: Path) -> Path:
    """A directory with content; where nothing can be written, what is there has to do."""
    with suppress(OSError):
        lower = directory / "lower"
        (lower / "directory").mkdir(parents=True)
        (lower / "directory/inside").write_text("inside\n")
        (lower / "file").write_text("content\n")
        with suppress(OSError):
            os.mknod(lower / "gone", stat.S_IFCHR, os.makedev(0, 0))
        return lower
    return directory
