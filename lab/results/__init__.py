"""What was recorded: one JSON line for each row, one file for each kernel.

``rows/KERNEL.jsonl`` holds the truth, by engine, file system and role; ``findings/KERNEL.jsonl``
what fscaps found there, asked as root and as an ordinary user. The builds of one version are one
kernel: what is recorded on one takes the place of what was recorded on another.
"""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict

from lab.qemu import DEBIANS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HERE = Path(__file__).resolve().parent
ROWS, FINDINGS = "rows", "findings"
_KEYS = {
    ROWS: ("filesystem", "role", "engine", "generation"),
    FINDINGS: ("filesystem", "asked_as"),
}

Row = Dict[str, Any]  # what one line says, by name


def key(kind: str, row: Row) -> tuple[str, ...]:
    """Give what tells one row from any other of its kind: the kernel's build does not."""
    return (version(row["kernel"]), *(str(row[name]) for name in _KEYS[kind]))


def version(kernel: str) -> str:
    """Give a kernel's version without its build; of Debian's with the number that they count by."""
    known = DEBIANS.fullmatch(kernel)
    return known[1] if known else kernel.partition("-")[0]


def read(kind: str, place: Path = HERE) -> list[Row]:
    """Read everything that was recorded of a kind."""
    return [row for file in sorted((place / kind).glob("*.jsonl")) for row in _lines(file)]


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    for line in file.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def record(kind: str, rows: Iterable[Row], place: Path = HERE) -> None:
    """Add rows to their kernels' files, each in the place of what it replaces."""
    (place / kind).mkdir(parents=True, exist_ok=True)
    with _alone(place / kind):
        for row in rows:
            own = place / kind / f"{row['kernel']}.jsonl"
            own.touch()
            for file in (place / kind).glob("*.jsonl"):
                before = {key(kind, old): old for old in _lines(file)}
                after = {name: old for name, old in before.items() if name != key(kind, row)}
                if file == own:
                    after[key(kind, row)] = row
                if after != before:
                    _write(file, after)


def _write(file: Path, rows: dict[tuple[str, ...], Row]) -> None:
    """Replace a file as a whole, or remove it where nothing is left."""
    new = file.with_suffix(".new")
    new.write_text("".join(f"{json.dumps(rows[name])}\n" for name in sorted(rows)), "utf-8")
    os.replace(new, file)
    if not rows:
        file.unlink()


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Keep other recorders out, which would forget what we write."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
