"""Apptainer on a machine of its own, and what it is given to do with a directory."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Callable

from lab import image
from lab.course import exercise_words, faithful
from lab.machine import Machine
from lab.outcome import Level, Outcome, Stopped
from lab.tree import differences, expected

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from lab.place import Place

# Root has not this one in every virtual machine, and apptainer asks for all.
_LESS = ("--drop-caps", "CAP_SYS_RESOURCE")
_SEEN = ("bin", "data", "tmp")


class Apptainer(Machine):
    """Apptainer as root; it has no daemon and no storage of its own."""

    def prepare(self) -> None:
        """Make what apptainer mounts from the machine."""
        super().prepare()
        (self.work / "named").mkdir()

    def cli(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Run apptainer; what it only tells is left out."""
        return self.try_run("apptainer", "--quiet", *args)

    def build(self, sandbox: Path, name: str, content: list[image.Layer]) -> None:
        """Unpack an image into a directory, or stop the course."""
        archive = image.write(self.work / "image.tar", name, content)
        done = self.cli("build", "--force", "--sandbox", str(sandbox), f"docker-archive:{archive}")
        if done.returncode:
            raise Stopped("build", done.stderr.strip())

    def exercise(self, step: str, what: str, *how: str) -> list[str]:
        """Run the exercise in a container, whose devices apptainer never opens (nodev)."""
        named = ("--no-home", "--env", "DEVICES=none", "--bind", f"{self.work}/named:/named")
        done = self.cli("exec", *_LESS, *named, *how, "/bin/exercise", what)
        return exercise_words(step, done)


def overlay(place: Place) -> Outcome:
    """Use the directory for what containers of an image on the local disk change."""

    def steps(apptainer: Apptainer) -> list[str]:
        base = apptainer.work / "base"
        apptainer.build(base, image.FULL, image.full())
        how = ("--overlay", str(place.directory), str(base))
        changed = apptainer.exercise("change", "change", *how)
        refused = [line for line in changed if "can't re" in line]  # to remove, to rename
        if refused:  # all that lies here is changes, so that is no loss
            raise Stopped("change", "\n".join(refused))
        return changed + apptainer.exercise("restarted", "check", *how)

    return _course(place, steps)


def sandbox(place: Place) -> Outcome:
    """Unpack images into the directory, and run and change one there."""

    def steps(apptainer: Apptainer) -> list[str]:
        root = place.directory / "sandbox"
        content = image.full()
        apptainer.build(root, image.FULL, content)
        losses = faithful(differences(root, expected(content), _SEEN))
        losses += apptainer.exercise("run", "nothing", str(root))
        (root / "named").mkdir()  # with --writable apptainer makes no place for a mount
        how = ("--writable", str(root))
        losses += apptainer.exercise("change", "change", *how)
        losses += apptainer.exercise("restarted", "check", *how)
        for name, layers in ((image.NAMES, image.names()), (image.ATTRIBUTES, image.attributes())):
            losses += _rare(apptainer, place.directory / "rare", name, layers)
        return losses

    return _course(place, steps)


def _rare(apptainer: Apptainer, root: Path, name: str, layers: list[image.Layer]) -> list[str]:
    try:
        apptainer.build(root, name, layers)
    except Stopped as stopped:
        return [f"{stopped.step} {name}: {stopped.words}"]
    return differences(root, expected(layers), ("data",))


def _course(place: Place, steps: Callable[[Apptainer], list[str]]) -> Outcome:
    began = time.monotonic()
    outcome = Outcome(Level.NO)
    with Apptainer(place.scratch, place.generation.root) as apptainer:
        try:
            losses = tuple(steps(apptainer))
            outcome = replace(outcome, level=Level.LOSES if losses else Level.YES, losses=losses)
        except Stopped as end:
            outcome = replace(outcome, step=end.step, words=end.words)
    return replace(outcome, seconds=round(time.monotonic() - began, 1))
