"""The tiny programs of all machines, run: by this one, or by qemu-user."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from typing import TYPE_CHECKING

import pytest

from fscaps._linux import confined, elf

if TYPE_CHECKING:
    from pathlib import Path

QEMU = {
    "armv6l": "arm",
    "armv7l": "arm",
    "armv8l": "arm",
    "i586": "i386",
    "i686": "i386",
}
"""What qemu-user calls those that it calls otherwise."""


@pytest.mark.parametrize("machine", elf._MACHINES)
@pytest.mark.parametrize("uid", [0, 1000, 65534])
def test_it_exits_with_its_effective_uid(tmp_path: Path, machine: str, uid: int) -> None:
    """As whoever runs it, of which a byte is told."""
    if uid != os.geteuid() != 0:
        pytest.skip("only root becomes others")
    program = tmp_path / "program"
    program.write_bytes(elf.exits_with_uid(machine))
    program.chmod(0o755)
    command = [f"/proc/self/fd/{os.open(program, os.O_RDONLY)}"]
    if machine != os.uname().machine:
        qemu = shutil.which(f"qemu-{QEMU.get(machine, machine)}")
        if not qemu:
            pytest.skip(f"no qemu-user for {machine}")
        command.insert(0, qemu)
    file = int(command[-1].rpartition("/")[2])
    try:
        ended = subprocess.run(
            command, check=False, user=uid, extra_groups=[], pass_fds=[file], cwd="/"
        )
    finally:
        os.close(file)
    assert ended.returncode == uid & 0xFF


@pytest.mark.parametrize("machine", elf._MACHINES)
def test_each_has_a_filter_of_what_it_may_call(machine: str) -> None:
    """With the bits that the program's header tells, which is what a Python's pointers have."""
    _, bits, _ = confined._MACHINES[machine]
    assert {1: 32, 2: 64}[elf.exits_with_uid(machine)[4]] == bits


def test_a_python_of_other_bits_than_its_kernel_runs_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its numbers of calls are others; how long a pointer is, is made up."""
    monkeypatch.setattr(struct, "calcsize", lambda _: 2)
    with pytest.raises(confined.UnconfinedError):
        confined.execute(b"/bin/true")


def test_of_another_machine_none_is_known() -> None:
    assert elf.exits_with_uid("pdp11") == b""
