"""JSON: one object a line, of the shape that ``schema.json`` beside this file describes."""

from __future__ import annotations

import json

from .. import _decode
from ..model import (
    SCHEMA,
    Advice,
    Attachment,
    Fitness,
    FscapsError,
    Outcome,
    Pick,
    Placement,
    Unmet,
    Verdict,
)
from ..report import Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..model import Finding
    from . import Style


class ReportError(FscapsError, ValueError):
    """A text that is no report, or one of a schema that this version cannot read."""


def render(report: Report, _style: Style | None = None) -> str:
    """One line, in ASCII; bytes of a path that are not UTF-8 stand as lone surrogates."""
    return json.dumps(_body(report), separators=(", ", ": "), default=vars) + "\n"


def schema() -> str:
    """The JSON Schema of the report (draft 2020-12)."""
    from pkgutil import get_data  # noqa: PLC0415 - only --schema needs it

    data = get_data(__package__ or "", "schema.json")
    return (data or b"").decode()


def load(text: str | bytes) -> Report:
    """The report that render() wrote; raises ReportError for anything else."""
    try:
        body = json.loads(text)
        if body["schema"] != SCHEMA:
            message = f"a report of schema {body['schema']!r}; this fscaps reads {SCHEMA}"
            raise ReportError(message)
        return _report(body)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, ReportError):
            raise
        message = f"not a report of fscaps: {type(error).__name__} {error}"
        raise ReportError(message) from None


def _body(report: Report) -> dict[str, Any]:
    name, _, version = report.tool.partition(" ")
    return {
        "schema": report.schema,
        "tool": {"name": name, "version": version},
        "summary": report.summary,
        "target": {
            "path": report.path,
            "resolved": report.resolved,
            "links": report.links,
            "mount": report.mount,
        },
        "host": report.host,
        "findings": {probe: _finding(found) for probe, found in report.findings.items()},
        "verdicts": {role: _verdict(verdict) for role, verdict in report.verdicts.items()},
        "engines": {engine: _engine(report, engine) for engine in report.engines},
        "placement": report.placement,
        "store": report.store,
        "warnings": report.warnings,
    }


def _engine(report: Report, engine: str) -> dict[str, Any]:
    best, picked = report.best(engine), report.picks.get(engine)
    return {
        "best": best.id if best else None,
        "alternatives": [verdict.id for verdict in report.alternatives(engine)],
        "picks": picked,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {name: value for name, value in vars(finding).items() if name != "probe"}


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {name: value for name, value in vars(verdict).items() if name != "id"}


def _report(body: dict[str, Any]) -> Report:
    target, tool = body["target"], body["tool"]
    return Report(
        tool=f"{_decode.text(tool['name'])} {_decode.text(tool['version'])}",
        path=_decode.text(target["path"]),
        resolved=_decode.optional_text(target["resolved"]),
        links=_decode.texts(target["links"]),
        host=None if body["host"] is None else _decode.host(body["host"]),
        mount=None if target["mount"] is None else _decode.mount(target["mount"]),
        findings={probe: _read_finding(probe, found) for probe, found in body["findings"].items()},
        verdicts={role: _read_verdict(role, found) for role, found in body["verdicts"].items()},
        picks={
            engine: _read_pick(found["picks"])
            for engine, found in body["engines"].items()
            if found["picks"] is not None
        },
        warnings=_decode.texts(body["warnings"]),
        placement=None if body["placement"] is None else _read_placement(body["placement"]),
        store=None if body["store"] is None else _decode.store(body["store"]),
    )


def _read_finding(probe: str, body: dict[str, Any]) -> Finding:
    if "probe" in body:
        raise ValueError(probe)  # the id is the key, and nowhere else
    return _decode.finding({"probe": probe, **body})


def _read_verdict(role: str, body: dict[str, Any]) -> Verdict:
    """A Verdict from its JSON form."""
    return Verdict(
        id=role,
        title=_decode.text(body["title"]),
        fitness=Fitness(body["fitness"]),
        blockers=_read_unmets(body["blockers"]),
        concerns=_read_unmets(body["concerns"]),
        open=_read_unmets(body["open"]),
        alternative=_decode.truth(body["alternative"]),
        version=_decode.text(body["version"]),
        elsewhere=_decode.text(body["elsewhere"]),
    )


def _read_pick(body: dict[str, Any]) -> Pick:
    return Pick(
        driver=_decode.optional_text(body["driver"]),
        role=_decode.optional_text(body["role"]),
        price=_decode.text(body["price"]),
        open=_read_unmets(body["open"]),
    )


def _read_placement(body: dict[str, Any]) -> Placement:
    return Placement(
        attachment=Attachment(body["attachment"]),
        migrate=_read_advice(body["migrate"]),
        share_read_only=_read_advice(body["share_read_only"]),
        share_read_write=_read_advice(body["share_read_write"]),
        instead=tuple(map(_read_advice, body["instead"])),
    )


def _read_advice(body: dict[str, Any]) -> Advice:
    return Advice(
        answer=Outcome(body["answer"]),
        because=_decode.text(body["because"]),
        condition=_decode.text(body["condition"]),
        roles=_decode.texts(body["roles"]),
    )


def _read_unmets(bodies: list[dict[str, Any]]) -> tuple[Unmet, ...]:
    return tuple(
        Unmet(
            any_of=_decode.texts(body["any_of"]),
            because=_decode.text(body["because"]),
            source=_decode.text(body["source"]),
            says=_decode.text(body["says"]),
            remedy=_decode.text(body["remedy"]),
            since=_decode.text(body["since"]),
            before=_decode.text(body["before"]),
        )
        for body in bodies
    )
