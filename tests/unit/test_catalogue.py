"""The command without a path: lists, explanations, the schema, help."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from unit.running import (
    FITS,
    IMAGE,
    environment,
    run,
)

import fscaps
from fscaps import engines, probes
from fscaps._cli import catalogue
from fscaps.render import json as json_format

if TYPE_CHECKING:
    from pathlib import Path

# --- without a path -------------------------------------------------------------------------


def test_list_probes_names_each_with_its_question() -> None:
    ended = run("--list", "probes")
    assert (ended.returncode, ended.stderr) == (FITS, "")
    listed = [line.split(maxsplit=1) for line in ended.stdout.splitlines()]
    assert listed == [[name, probe.question] for name, probe in probes.every().items()]


def test_list_engines_names_each_role() -> None:
    ended = run("--list", "engines")
    assert (ended.returncode, ended.stderr) == (FITS, "")
    listed = [line.split(maxsplit=1) for line in ended.stdout.splitlines()]
    assert listed == [[role.id, role.title] for role in engines.roles()]


def test_every_format_listed_can_be_asked_for(place: Path) -> None:
    listed = run("--list", "formats")
    assert (listed.returncode, listed.stderr) == (FITS, "")
    assert {"json", "text"} <= set(listed.stdout.split())
    for name in listed.stdout.split():
        ended = run(*IMAGE, "--format", name, place)
        assert (ended.returncode, ended.stderr) == (FITS, "")
        assert ended.stdout


@pytest.mark.parametrize("identity", sorted(probes.every()))
def test_explain_tells_what_a_probe_asks_does_and_serves(identity: str) -> None:
    probe = probes.every()[identity]
    text = catalogue.text(None, identity) or ""
    assert text.startswith(f"{identity}: {probe.question}\n")
    assert " ".join(probe.doc.split()) in " ".join(text.split())
    users = [r.id for r in engines.roles() if any(probe in need.any_of for need in r.needs)]
    assert all(user in text for user in users)
    assert all(capability in text for capability in probe.capabilities)


@pytest.mark.parametrize("role", engines.roles(), ids=lambda role: role.id)
def test_explain_tells_what_a_role_needs_and_why(role: fscaps.Role) -> None:
    text = catalogue.text(None, role.id) or ""
    assert text.startswith(f"{role.id}: {role.title}\n")
    for need in role.needs:
        assert need.because in text
        assert need.source in text
        assert all(probe.id in text for probe in need.any_of)


def test_explain_from_the_command_line() -> None:
    for identity in ("xattr.trusted", "docker/image"):
        ended = run("--explain", identity)
        assert (ended.returncode, ended.stderr) == (FITS, "")
        assert ended.stdout == catalogue.text(None, identity)


def test_schema_is_the_file_beside_the_renderer() -> None:
    ended = run("--schema")
    assert (ended.returncode, ended.stderr) == (FITS, "")
    assert ended.stdout == json_format.schema()
    assert json.loads(ended.stdout)["title"] == "fscaps report"


def test_version_is_the_package_s() -> None:
    ended = run("--version")
    assert (ended.returncode, ended.stderr) == (FITS, "")
    assert ended.stdout == f"fscaps {fscaps.__version__}\n"


@pytest.mark.parametrize("columns", ["80", "20", "nonsense"])
def test_help_tells_every_option_and_exit_status(columns: str) -> None:
    ended = run("--help", env=environment(COLUMNS=columns))
    assert (ended.returncode, ended.stderr) == (FITS, "")
    for option in ("--for", "--json", "--output", "--timeout", "--strict", "--explain", "--schema"):
        assert option in ended.stdout
    for number in (0, 1, 2, 3, 4, 69, 70):
        assert f"\n{number:>3}  " in ended.stdout
