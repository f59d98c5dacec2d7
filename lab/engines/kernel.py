"""The kernel by itself: an overlay mounted by hand over a directory, as live systems do."""

from __future__ import annotations

import os
import stat
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from lab.machine import Machine
from lab.outcome import Level, Outcome

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from lab.place import Place

# What it says is lost; its status says whether anything works.
_USE = """
cd "$1"
ls | grep -qx gone && echo "a whiteout in the layer does not hide what lies below"
test -e file || { echo new >new; exit; }
grep -q content file
echo more >>file && grep -q more file
chmod 600 file && chown 1000:1000 file
rm -r directory && mkdir directory
test -z "$(ls -A directory)"
mv file renamed && test ! -e file && grep -q content renamed
"""
_ESCAPED = "the path has to be escaped in lowerdir="


def overlay_lower(place: Place) -> Outcome:
    """Use the directory as the upper of two lower layers; all else lies in memory."""
    began = time.monotonic()
    lower = str(_filled(place.directory))
    losses: list[str] = []
    with Machine(place.scratch) as machine:
        memory = str(place.scratch)
        machine.run("mount", "-t", "tmpfs", "tmpfs", memory)
        machine.run("mkdir", *(f"{memory}/{name}" for name in ("base", "upper", "work", "merged")))
        if os.path.lexists(f"{lower}/gone"):
            machine.run("touch", f"{memory}/base/gone")
        mounted = _mount(machine, lower, memory)
        if mounted.returncode:
            losses.append(_ESCAPED)
            mounted = _mount(machine, _escaped(lower), memory)
        if mounted.returncode:
            return Outcome(Level.NO, step="mount", words=mounted.stderr.strip())
        used = machine.try_run("sh", "-ec", _USE, "sh", f"{memory}/merged")
    seconds = round(time.monotonic() - began, 1)
    if used.returncode:
        return Outcome(Level.NO, "overlay", "use", used.stderr.strip(), seconds=seconds)
    losses += used.stdout.splitlines()
    level = Level.LOSES if losses else Level.YES
    return Outcome(level, "overlay", losses=tuple(losses), seconds=seconds)


def _mount(machine: Machine, lower: str, memory: str) -> subprocess.CompletedProcess[str]:
    layers = f"lowerdir={lower}:{memory}/base,upperdir={memory}/upper,workdir={memory}/work"
    return machine.try_run("mount", "-t", "overlay", "-o", layers, "overlay", f"{memory}/merged")


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
