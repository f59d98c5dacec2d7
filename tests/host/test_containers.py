"""In a container: what that may not do is no answer of the file system's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest

import fscaps
from fscaps import Fitness, Outcome, Reason

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="podman is run as root"),
    pytest.mark.skipif(shutil.which("podman") is None, reason="no podman"),
    pytest.mark.skipif(shutil.which("runc") is None, reason="no runc"),
]

_BOUND = "directory.mount_point"
"""It is one in a container, where it was bound to."""
_LIMITS = ("--ulimit=nofile=1000:1000", "--ulimit=nproc=1000:1000")
"""Podman's own are more than a machine that is a guest itself may have."""
_APART = ("unshare", "--mount", "--pid", "--fork", "--mount-proc")
"""With the process that ends, what it leaves behind to clean up ends, and its mounts."""
_RIGHTS = ("--cap-add", "SYS_ADMIN,MKNOD")


def _asked_in_container(target: Path, *options: str) -> fscaps.Report:
    """A survey of it, bound into a container that has this machine's files."""
    run = ["run", "--rm", "--network=none", "--log-driver=none", f"--volume={target}:{target}"]
    survey = [sys.executable, "-m", "fscaps", "--json", str(target)]
    with tempfile.TemporaryDirectory() as own:  # the path of podman's own files has to be short
        files = (f"--root={own}/root", f"--runroot={own}/run")
        podman = [*_APART, "podman", "--runtime=runc", *files]
        command = [*podman, *run, *_LIMITS, *options, "--rootfs", "/:O", *survey]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return fscaps.load(done.stdout)


def _unlike(outside: fscaps.Report, inside: fscaps.Report) -> dict[str, fscaps.Finding]:
    return {
        probe: found
        for probe, found in inside.findings.items()
        if probe != _BOUND and found.outcome is not outside.findings[probe].outcome
    }


@pytest.mark.parametrize(
    "options", [(), _RIGHTS, ("--cap-drop", "ALL"), ("--security-opt", "seccomp=unconfined")]
)
def test_what_it_may_not_do_is_unknown(tmp_path: Path, options: tuple[str, ...]) -> None:
    """No role is unsuitable for it, and nothing is left."""
    outside, inside = fscaps.survey(tmp_path), _asked_in_container(tmp_path, *options)
    unlike = _unlike(outside, inside)
    assert {found.outcome for found in unlike.values()} <= {Outcome.UNKNOWN}
    lost = {
        role
        for role, verdict in inside.verdicts.items()
        if verdict.fitness is Fitness.UNSUITABLE
        and outside.verdicts[role].fitness is not Fitness.UNSUITABLE
    }
    assert not lost
    assert os.listdir(tmp_path) == []


def test_with_the_rights_the_answers_are_the_machines(tmp_path: Path) -> None:
    """But of devices, which a container has to be given; so it is told of /dev/fuse."""
    inside = _asked_in_container(tmp_path, *_RIGHTS)
    unlike = _unlike(fscaps.survey(tmp_path), inside)
    assert {probe.partition(".")[0] for probe in unlike} <= {"fuse", "rootless", "loop"}
    device = inside.findings["fuse.device"]
    assert (device.outcome, device.reason) == (Outcome.UNKNOWN, Reason.PRIVILEGE)
    assert "a container's" in device.detail
