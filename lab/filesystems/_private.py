"""A directory of the machine's that a program must have, in memory and for the bench alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.bench import run

if TYPE_CHECKING:
    from lab.bench import Bench


def private(bench: Bench, directory: str) -> None:
    """Mount memory over a directory until the bench is cleared."""
    run("mount", "-t", "tmpfs", "tmpfs", directory)
    bench.exits.callback(run, "umount", "-l", directory)
