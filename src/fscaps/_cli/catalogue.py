"""The texts of --list, --explain and --schema."""

from __future__ import annotations

import inspect

from .. import engines, probes
from ..render import formats, json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model import Need, Probe, Role


def text(listed: str | None, explained: str | None) -> str | None:
    """What was asked for; the schema if neither; None if the id is unknown."""
    if listed == "probes":
        return _table({probe.id: probe.question for probe in probes.every().values()})
    if listed == "engines":
        return _table({role.id: role.title for role in engines.roles()})
    if listed == "formats":
        return "\n".join(formats()) + "\n"
    if explained is None:
        return json.schema()
    if explained in probes.every():
        return _probe(probes.every()[explained])
    role = next((role for role in engines.roles() if role.id == explained), None)
    return _role(role) if role else None


def _table(rows: dict[str, str]) -> str:
    width = max(map(len, rows))
    return "".join(f"{key:<{width}}  {value}\n" for key, value in rows.items())


def _probe(probe: Probe) -> str:
    lines = [f"{probe.id}: {probe.question}", "", inspect.cleandoc(probe.doc)]
    users = [role.id for role in engines.roles() if any(probe in n.any_of for n in role.needs)]
    if probe.capabilities:
        lines += ["", f"Without {' and '.join(probe.capabilities)}, a refusal says nothing."]
    if users:
        lines += ["", f"Needed by {', '.join(users)}."]
    return "\n".join(lines) + "\n"


def _role(role: Role) -> str:
    lines = [f"{role.id}: {role.title}"]
    for need in role.needs:
        lines += ["", *_need(need)]
    return "\n".join(lines) + "\n"


def _need(need: Need) -> list[str]:
    ids = " or ".join(probe.id for probe in need.any_of) or "nothing on this path helps"
    ids += f" since {need.since}" if need.since else ""
    ids += f" before {need.before}" if need.before else ""
    return [f"{need.level.value} {ids}", f"  {need.because}", f"  {need.source}"]
