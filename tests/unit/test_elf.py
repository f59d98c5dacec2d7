"""The tiny programs of all machines, run: by this one, or by qemu-user."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from fscaps._linux import confined, elf, libc

if TYPE_CHECKING:
    from pathlib import Path

QEMU = {
    libc.X86_64: "x86_64",
    libc.AARCH64: "aarch64",
    libc.RISCV64: "riscv64",
    libc.PPC64: "ppc64le",
    libc.S390X: "s390x",
    libc.ARM: "arm",
    libc.I386: "i386",
}
"""What qemu-user calls them."""


@pytest.mark.parametrize("machine", elf._CODES, ids=QEMU.get)
@pytest.mark.parametrize("uid", [0, 1000, 65534])
def test_it_exits_with_its_effective_uid(
    tmp_path: Path, machine: tuple[int, int], uid: int
) -> None:
    """As whoever runs it, of which a byte is told."""
    if uid != os.geteuid() != 0:
        pytest.skip("only root becomes others")
    program = tmp_path / "program"
    program.write_bytes(elf.exits_with_uid(machine))
    program.chmod(0o755)
    command = [f"/proc/self/fd/{os.open(program, os.O_RDONLY)}"]
    if machine != libc.abi():
        qemu = shutil.which(f"qemu-{QEMU[machine]}")
        if not qemu:
            pytest.skip(f"no qemu-user for {QEMU[machine]}")
        command.insert(0, qemu)
    file = int(command[-1].rpartition("/")[2])
    try:
        ended = subprocess.run(
            command, check=False, user=uid, extra_groups=[], pass_fds=[file], cwd="/"
        )
    finally:
        os.close(file)
    assert ended.returncode == uid & 0xFF


def test_each_has_a_filter_of_what_it_may_call() -> None:
    assert confined._MACHINES.keys() == elf._CODES.keys()


def test_a_python_of_another_machine_than_is_known_runs_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its numbers of calls are others: what it is, is made up."""
    monkeypatch.setattr(libc, "abi", lambda: (62, 4))  # x32
    with pytest.raises(confined.UnconfinedError):
        confined.execute(0)


def test_of_another_machine_none_is_known() -> None:
    assert elf.exits_with_uid((1, 4)) == b""
