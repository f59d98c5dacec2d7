"""`lab/matrix`: write docs/matrix.md and docs/matrix.svg from what was recorded."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from lab import picture, results, table, uml, unseen
from lab.generations import OLDEST
from lab.judging import BASE, BASES, is_base
from lab.qemu import DEBIANS
from lab.results import ROWS
from lab.roles import ROLES
from lab.table import Sign

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.results import Row
    from lab.table import Cell, Line

DOCS = results.HERE.parents[1] / "docs"

_HEAD = """\
# Which file system can back which engine: measured

<!-- Written by lab/matrix from lab/results; do not edit. -->

{rows} times a real engine, or the kernel's overlay, was given real work on a real file system:
{filesystems} file systems, {kernels} kernels, {roles} roles, {engines} versions of engines.
Nothing here is what a manual says, and nothing what `fscaps` says: `lab/compare` holds its verdicts
against this table.

**The work.** An image of several layers (whiteouts, an opaque directory, hard links, setuid, owners
above 65535, a file capability, FIFOs, device nodes, 200-byte names, names differing in case,
nanosecond times) is loaded and looked at from within a container, which then appends, deletes,
renames, re-creates, links, chowns, and uses a volume; it is committed, everything is stopped and
started again, container and committed image run again, all is removed.

{legend}

What the driver itself loses everywhere, on ext4 too, is not held against a file system; it is
listed [below](#what-a-driver-loses-by-itself).

![The matrix](matrix.svg)

Linux {uml} is the second kernel, User-Mode Linux; {debian} are Debian's, in qemu; {host} was the
host's.

Any row again: as root on Debian 12 with the packages of `.ci/run`,

    lab/run --again --fs FILESYSTEM --engine ROLE

with `--kernel uml` for Linux {uml}, with `--kernel SUITE` for Debian's, after
`lab/qemu/fetch SUITE` has fetched it, and for the engines of {newer} with `--generation SUITE`,
after `lab/generation SUITE` has fetched them. See [the lab](explanation/lab.md).
"""


def page(rows: list[Row]) -> str:
    """Give the whole page."""
    lines = table.lines(rows)
    parts = (
        [_head(rows)],
        _matrix(lines, rows),
        _generations(lines, rows),
        unseen.section(unseen.told()),
        _own_losses(rows),
        _reasons(lines),
    )
    return "\n".join(chain(*parts)) + "\n"


def drawing(rows: list[Row]) -> str:
    """Give the picture."""
    return picture.svg(table.lines(rows), table.roles(OLDEST, rows), OLDEST)


def _head(rows: list[Row]) -> str:
    kernels = sorted({results.version(row["kernel"]) for row in rows})
    debian = {results.version(row["kernel"]) for row in rows if DEBIANS.fullmatch(row["kernel"])}
    return _HEAD.format(
        rows=len(rows),
        filesystems=len({row["filesystem"] for row in rows}),
        kernels=len(kernels),
        uml=", ".join(kernel for kernel in kernels if kernel in uml.RECORDED),
        debian=", ".join(sorted(debian)),
        host=", ".join(kernel for kernel in kernels if kernel not in debian | uml.RECORDED),
        newer=" and ".join(table.newer(rows)),
        roles=len({row["role"] for row in rows}),
        engines=len({row["engine"] for row in rows}),
        legend=" · ".join(f"**{sign.letter or '(empty)'}** {sign.meaning}" for sign in Sign),
    )


def _matrix(lines: list[Line], rows: list[Row]) -> Iterator[str]:
    roles = table.roles(OLDEST, rows)
    yield f"## Debian 12 ({OLDEST})\n"
    for number, role in enumerate(roles, 1):
        engine = table.versions(role, OLDEST, rows)
        yield f"{number}. `{role}`: {ROLES[role].title} ({engine})"
    yield ""
    yield _table_line(["file system", "Linux", *(str(n) for n, _ in enumerate(roles, 1))])
    yield _table_line(["---"] * (len(roles) + 2))
    for line in lines:
        cells = [_letter(line.cell(role, OLDEST)) for role in roles]
        if any(cells):
            yield _table_line([f"{line.filesystem}: {line.title}", line.kernel, *cells])
    yield ""


def _generations(lines: list[Line], rows: list[Row]) -> Iterator[str]:
    names = [OLDEST, *table.newer(rows)]
    yield "## Generations of engines\n"
    yield f"Each cell: {', '.join(names)}. Where they differ, the cell is bold.\n"
    recorded = [role for role in ROLES if any(role in table.roles(n, rows) for n in names[1:])]
    for role in recorded:
        engines = (table.versions(role, name, rows) or "not recorded" for name in names)
        yield f"- `{role}`: {', '.join(engines)}"
    yield ""
    yield _table_line(["file system", *(f"`{role}`" for role in recorded)])
    yield _table_line(["---"] * (len(recorded) + 1))
    for line in lines:
        if any(generation != OLDEST for _, generation in line.cells):
            yield _table_line([line.filesystem, *(_across(line, role, names) for role in recorded)])
    yield ""


def _across(line: Line, role: str, names: list[str]) -> str:
    letters = [_letter(line.cell(role, name)) for name in names]
    text = " ".join(letter or "·" for letter in letters)
    return f"**{text}**" if len(set(letters) - {""}) > 1 else text


def _own_losses(rows: list[Row]) -> Iterator[str]:
    yield "## What a driver loses by itself\n"
    elsewhere = "; ".join(f"`{role}`: on {name}" for role, name in BASES.items())
    yield f"As seen on {BASE} ({elsewhere}), with the driver named.\n"
    seen: dict[tuple[str, str], dict[str, None]] = {}
    for row in rows:
        if is_base(row) and row["losses"]:
            known = seen.setdefault((row["role"], row["engine"]), {})
            known.update(dict.fromkeys(row["losses"]))
    yield _table_line(["role", "engine", "lost"])
    yield _table_line(["---"] * 3)
    for (role, engine), losses in sorted(seen.items()):
        yield _table_line([f"`{role}`", engine, _escaped("; ".join(losses))])
    yield ""


def _reasons(lines: list[Line]) -> Iterator[str]:
    yield "## The reasons\n"
    yield "For each cell but the plain yes: the step that it ended with, and the engine's words.\n"
    yield _table_line(["file system", "Linux", "role", "engine", "", "reason"])
    yield _table_line(["---"] * 6)
    for line in lines:
        for (role, _), cell in sorted(line.cells.items()):
            if cell.sign is not Sign.YES:
                where = [line.filesystem, line.kernel, f"`{role}`", cell.row["engine"]]
                yield _table_line([*where, cell.sign.letter, _escaped(cell.reason)])


def _letter(cell: Cell | None) -> str:
    if cell and cell.row["role"].endswith("/default-driver") and cell.row["driver"]:
        return f"{cell.sign.letter} {cell.row['driver']}"
    return cell.sign.letter if cell else ""


def _table_line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    """As it is, in a table's cell."""
    one_line = " ".join(text.split())
    return one_line.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def main() -> None:
    """Write both files."""
    rows = results.read(ROWS)
    (DOCS / "matrix.md").write_text(page(rows), encoding="utf-8")
    (DOCS / "matrix.svg").write_text(drawing(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
