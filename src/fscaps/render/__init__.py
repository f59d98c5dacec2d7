"""A report as something to read: one file a format, each with a function ``render``."""

from __future__ import annotations

from importlib import import_module

from .. import _register
from .._noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..report import Report

    Renderer = Callable[[Report, "Style"], str]


class Style(Noun):
    """How a reader wants it. Formats for machines take no notice."""

    width: int = 80
    color: bool = False
    verbose: bool = False
    quiet: bool = False


def formats() -> list[str]:
    """The names of the formats: those of the files here."""
    return _register.modules(__path__)


_PLAIN = Style()


def render(report: Report, name: str = "text", style: Style = _PLAIN) -> str:
    """The report in the format of that name, one of formats(), ending in a newline."""
    return renderer(name)(report, style)


def renderer(name: str) -> Renderer:
    """What renders the format of that name, loaded when it is first asked for."""
    found: Renderer = import_module(f"{__name__}.{name}").render
    return found
