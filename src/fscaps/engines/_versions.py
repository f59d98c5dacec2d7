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
    """The role as this version of its engine has it, with the needs of that."""
    needs, newer = _of(version, role.needs), role.newer
    of_version = replace(role, needs=needs, version=version, newer=None)
    if not newer or not _covers(version, newer.since, ""):
        return of_version
    return replace(
        of_version,
        title=newer.title,
        alternative=newer.alternative,
        elsewhere=newer.elsewhere,
    )


def engine_of(engine: Engine, version: str) -> Engine:
    """The engine with what that version tries, else the newest measured: its drivers and checks."""
    at = version or engine.newest
    drivers = tuple(
        replace(driver, chosen_if=_of(at, driver.chosen_if))
        for driver in engine.drivers
        if _covers(at, driver.since, driver.before)
    )
    return replace(engine, drivers=drivers)


def is_measured(engine: Engine, version: str) -> bool:
    """Whether engines of that version, or of one before and one after it, were run."""
    asked, newest = numbers(version), numbers(engine.newest)
    return numbers(engine.oldest) <= asked and asked[: len(newest)] <= newest


def _of(version: str, needs: tuple[Need, ...]) -> tuple[Need, ...]:
    held = (need for need in needs if _covers(version, need.since, need.before))
    return tuple(_worded(need, version) for need in held)


def _worded(need: Need, version: str) -> Need:
    """The need in the words of that version."""
    said = [need.says, *(text for since, text in need.reworded if _covers(version, since, ""))]
    return replace(need, says=said[-1], reworded=())


def _covers(version: str, since: str, before: str) -> bool:
    """Whether it holds of the version, or of one that a short one, such as 23, stands for."""
    asked = numbers(version)
    begun = not since or asked >= numbers(since)[: len(asked)]
    return begun and (not before or asked < numbers(before))
