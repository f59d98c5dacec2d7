"""Versions of engines: what of a role, and of an engine's choice, holds of which."""

from __future__ import annotations

from dataclasses import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model import Engine, Need, Role


def numbers(version: str) -> tuple[int, ...]:
    """What ``28.5.2``, ``v28.5.2`` and ``20.10.24+dfsg1`` begin with; ValueError if with none."""
    import re  # noqa: PLC0415 - loaded only where a version is named

    found = re.fullmatch(r"v?([0-9]{1,9}(?:\.[0-9]{1,9})*)(?:[-+~].*)?", version)
    if not found:
        raise ValueError(f"no version: {version!a}")
    return tuple(map(int, found[1].split(".")))


def role_of(role: Role, version: str) -> Role:
    """The role with the needs that this version of its engine has."""
    needs = tuple(need for need in role.needs if _covers(version, need.since, need.before))
    return replace(role, needs=needs, version=version)


def engine_of(engine: Engine, version: str) -> Engine:
    """The engine with what this version of it tries, or the newest: its drivers and its checks."""
    drivers = tuple(
        replace(driver, chosen_if=_of(version, driver.chosen_if))
        for driver in engine.drivers
        if not driver.before or (version and _covers(version, "", driver.before))
    )
    return replace(engine, drivers=drivers)


def _of(version: str, checks: tuple[Need, ...]) -> tuple[Need, ...]:
    if not version:
        return tuple(need for need in checks if not need.before)
    return tuple(need for need in checks if _covers(version, need.since, need.before))


def is_measured(engine: Engine, version: str) -> bool:
    """Whether engines of that version, or of one before and one after it, were run."""
    asked, newest = numbers(version), numbers(engine.newest)
    return numbers(engine.oldest) <= asked and asked[: len(newest)] <= newest


def _covers(version: str, since: str, before: str) -> bool:
    asked = numbers(version)
    return (not since or asked >= numbers(since)) and (not before or asked < numbers(before))
