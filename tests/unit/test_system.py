"""What is recorded of a host is what its kernel tells; here of hosts that this one is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import fscaps
from fscaps._linux import system

if TYPE_CHECKING:
    from pathlib import Path

LSM, ENFORCE = "/sys/kernel/security/lsm", "/sys/fs/selinux/enforce"
APPARMOR, CURRENT = "/sys/module/apparmor/parameters/enabled", "/proc/self/attr/current"
USER = "/proc/sys/user/max_user_namespaces"


def of(monkeypatch: pytest.MonkeyPatch, files: dict[str, str]) -> tuple[object, ...]:
    """What is told of a host with these files."""
    monkeypatch.setattr(system, "_read", lambda path: files.get(path, ""))
    most = system.most_namespaces("user")
    return system.security_modules(), system.selinux(), system.security_context(), most


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, ((), "", "", None)),
        ({USER: "63432\n"}, ((), "", "", 63432)),
        ({USER: "0\n"}, ((), "", "", 0)),
        (
            {LSM: "capability,landlock,apparmor", APPARMOR: "Y\n", CURRENT: "unconfined\n"},
            (("capability", "landlock", "apparmor"), "", "unconfined", None),
        ),
        (
            {APPARMOR: "Y\n", CURRENT: "docker-default (enforce)\n"},
            (("apparmor",), "", "docker-default (enforce)", None),
        ),
        ({APPARMOR: "N\n"}, ((), "", "", None)),
        (
            {ENFORCE: "1", CURRENT: "system_u:system_r:container_t:s0:c1,c2\0"},
            (("selinux",), "enforcing", "system_u:system_r:container_t:s0:c1,c2", None),
        ),
        (
            {LSM: "selinux", ENFORCE: "0", CURRENT: "unconfined_u:unconfined_r:unconfined_t:s0\0"},
            (("selinux",), "permissive", "unconfined_u:unconfined_r:unconfined_t:s0", None),
        ),
    ],
)
def test_who_forbids_and_how_many_are_allowed(
    files: dict[str, str], told: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files are worded as security/selinux, security/apparmor and kernel/ucount.c write them.

    In a container securityfs is seldom mounted.
    """
    assert of(monkeypatch, files) == told


def test_a_survey_records_the_limits_of_this_host(place: Path) -> None:
    host = fscaps.survey(place, only=["name.option"]).host
    assert host is not None
    for kind, told in (("user", host.max_user_namespaces), ("mnt", host.max_mnt_namespaces)):
        with open(f"/proc/sys/user/max_{kind}_namespaces", encoding="ascii") as file:
            assert told == int(file.read())
