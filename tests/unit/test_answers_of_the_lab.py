"""What recorded findings answer to probes that came after them."""

from __future__ import annotations

from typing import Any

import pytest

from fscaps import Outcome
from lab.answers import answers

FUSE, EXT4 = "0x65735546", "0xef53"


def _found(magic: str, **outcomes: Any) -> dict[str, Any]:
    blank = {"reason": None, "errno": None, "detail": "", "value": None}
    found = {
        name.replace("__", "."): {**blank, "outcome": outcome} for name, outcome in outcomes.items()
    }
    return {"mount": {"magic": magic}, "findings": found}


@pytest.mark.parametrize(
    ("magic", "others", "below"),
    [(EXT4, "yes", Outcome.YES), (FUSE, "yes", None), (FUSE, "no", Outcome.NO)],
)
def test_only_a_server_may_ask_who_passes_above(
    magic: str, others: str, below: Outcome | None
) -> None:
    found = answers(_found(magic, mode__others=others)).get("mode.below")
    assert (found and found.outcome) is below


@pytest.mark.parametrize(
    ("detail", "listed"), [("", Outcome.YES), ("kept, and not listed", Outcome.NO)]
)
def test_whether_a_capability_is_listed_was_told_in_the_detail(
    detail: str, listed: Outcome
) -> None:
    found = _found(EXT4, xattr__security_capability="yes")
    found["findings"]["xattr.security_capability"]["detail"] = detail
    assert answers(found)["xattr.capability_listed"].outcome is listed


def test_what_was_asked_counts() -> None:
    found = answers(_found(EXT4, mode__others="yes", mode__below="no"))
    assert found["mode.below"].outcome is Outcome.NO
