"""File systems that nobody had tuned fscaps for: what it said before it had seen them.

Each line of results/unseen.jsonl is a verdict that was given first, by the commit that it names,
and then held against a real engine. Nothing is ever recorded there again: what was wrong was
mended, and what fscaps says since is in the findings, as of any other file system.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from lab import results
from lab.filesystems import FILESYSTEMS
from lab.judging import Agreement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.results import Row

_COUNTED = [one for one in Agreement if one is not Agreement.NOT_JUDGED]
_HEAD = """\
## File systems that nobody had tuned for

What `fscaps` said of {filesystems} file systems before it, or anybody who works on it, had seen
them, beside what the engines then did: {agrees} of {judged} verdicts were right. Reasons and mends
are [told](explanation/lab.md#file-systems-that-nobody-had-tuned-for); the verdicts of this table
stay as they came.
"""


def told() -> list[Row]:
    """Every verdict that was given first."""
    lines = (results.HERE / "unseen.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def names() -> frozenset[str]:
    """The file systems: what engines say there is not held against what is foretold."""
    return frozenset(str(one["filesystem"]) for one in told())


def section(verdicts: list[Row]) -> Iterator[str]:
    """Give the part of the page that tells of them."""
    systems = sorted({str(one["filesystem"]) for one in verdicts})
    agrees = sum(one["agreement"] == Agreement.AGREES for one in verdicts)
    yield _HEAD.format(filesystems=len(systems), agrees=agrees, judged=len(verdicts))
    yield _line("file system", *(one.value for one in _COUNTED))
    yield _line("---", *("---" for _ in _COUNTED))
    for name in systems:
        count = Counter(one["agreement"] for one in verdicts if one["filesystem"] == name)
        title = f"{name}: {FILESYSTEMS[name].title}"
        yield _line(title, *(str(count[one.value] or "") for one in _COUNTED))
    yield ""
    yield _line("file system", "role", "engine", "fscaps had said", "the engine", "")
    yield _line(*["---"] * 6)
    for one in verdicts:
        if one["agreement"] != Agreement.AGREES:
            yield _line(one["filesystem"], f"`{one['role']}`", one["engine"], one["said"],
                        one["level"], one["agreement"])  # fmt: skip
    yield ""


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
