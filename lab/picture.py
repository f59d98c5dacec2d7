"""The matrix as a picture: SVG, one cell for each file system and role."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from lab.table import Sign

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.table import Line

_CELL, _LEFT, _TOP, _GAP = 22, 250, 230, 2
_NAMESPACE = 'xmlns="http://www.w3.org/2000/svg"'
_FONT = 'font-family="sans-serif" font-size="12"'


def svg(lines: list[Line], roles: list[str], generation: str) -> str:
    """Draw the lines of one generation."""
    width = _LEFT + _CELL * len(roles) + 160
    height = _TOP + _CELL * len(lines) + 60
    size = f'width="{width}" height="{height}"'
    body = [
        f'<svg {_NAMESPACE} {size} viewBox="0 0 {width} {height}" {_FONT}>',
        "<title>Which file system can back which container engine, measured</title>",
        f'<rect {size} fill="#FFFFFF"/>',
        *_heads(roles),
        *chain.from_iterable(_line(at, line, roles, generation) for at, line in enumerate(lines)),
        *_legend(_TOP + _CELL * len(lines) + 20),
        "</svg>",
    ]
    return "\n".join(body) + "\n"


def _heads(roles: list[str]) -> Iterator[str]:
    for number, role in enumerate(roles):
        x, y = _LEFT + _CELL * number + 16, _TOP - 8
        yield f'<text x="{x}" y="{y}" transform="rotate(-60 {x} {y})">{escape(role)}</text>'


def _line(number: int, line: Line, roles: list[str], generation: str) -> Iterator[str]:
    y = _TOP + _CELL * number
    yield (
        f'<text x="{_LEFT - 8}" y="{y + 15}" text-anchor="end">{escape(line.filesystem)}'
        f' <tspan fill="#666666" font-size="9">{escape(line.kernel)}</tspan></text>'
    )
    for column, role in enumerate(roles):
        cell = line.cell(role, generation)
        sign = cell.sign if cell else Sign.UNRECORDED
        what = f"{line.filesystem}, {role}: {sign.meaning}"
        if cell and cell.reason:
            what += f" ({cell.reason})"
        yield _square(_LEFT + _CELL * column, y, sign, what)


def _square(x: int, y: int, sign: Sign, what: str) -> str:
    size = _CELL - _GAP
    return (
        f'<g><title>{escape(what)}</title><rect x="{x}" y="{y}" width="{size}" height="{size}" '
        f'rx="3" fill="{sign.colour}"/><text x="{x + size // 2}" y="{y + 15}" '
        f'text-anchor="middle" font-weight="bold" fill="{sign.ink}">{sign.letter}</text></g>'
    )


def _legend(y: int) -> Iterator[str]:
    for number, sign in enumerate(Sign):
        x = 20 + 145 * number
        yield _square(x, y, sign, sign.meaning)
        yield f'<text x="{x + 28}" y="{y + 15}">{sign.meaning}</text>'
