"""The reference pages are what the code says."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"


def _pages() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("generate", REFERENCE / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    pages: dict[str, str] = generate.pages()
    return pages


@pytest.mark.parametrize("page", ["probes.md", "roles.md", "messages.md"])
def test_the_page_is_what_the_code_says(page: str) -> None:
    """Otherwise: make docs."""
    assert (REFERENCE / page).read_text(encoding="utf-8") == _pages()[page]


def test_every_probe_and_every_role_has_its_place() -> None:
    """A probe that is added without its page fails here."""
    pages = _pages()
    from fscaps import engines, probes

    assert all(f"### {probe}\n" in pages["probes.md"] for probe in probes.every())
    assert all(f"### {role.id}: " in pages["roles.md"] for role in engines.roles())
