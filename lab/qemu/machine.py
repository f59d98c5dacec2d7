r"""Debian's kernels in qemu, with the host's files as their root and none of them writable.

>>> result = run("bullseye", "uname -r; stat -f -c %T /var/tmp", results=tmp_path, seconds=300)
>>> result.status, result.log
(0, '5.10.0-32-amd64\ntmpfs\n')

`lab/qemu/fetch SUITE` fetches one, below ``$FSCAPS_LAB``. Every processor is emulated: a machine
that has KVM is not needed, and takes five to ten times as long as the host.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from lab.generations import PLACE
from lab.guest import Result, boot, prepare
from lab.workplace import workplace

KERNELS = PLACE / "kernels"
_QEMU = "qemu-system-x86_64"
_HERE = Path(__file__).resolve().parent


def suites() -> list[str]:
    """Give the suites of Debian whose kernels were fetched; none where they cannot be started."""
    if os.geteuid() != 0 or not shutil.which(_QEMU) or not KERNELS.is_dir():
        return []
    return sorted(one.name for one in KERNELS.iterdir() if (one / "initrd").exists())


def kernel(suite: str) -> str:
    """Give the release of a suite's kernel."""
    return next((KERNELS / suite / "lib/modules").iterdir()).name


def run(suite: str, script: str, *, results: Path, seconds: float, parameters: str = "") -> Result:
    """Boot, with more of the kernel's parameters, run ``script`` (bash), and end.

    ``results`` (made if missing) is as in lab.uml.machine.run.
    """
    results = prepare(script, results)
    with workplace("qemu") as (shares, _):
        command = [str(_HERE / "start.sh"), str(shares), *_command(suite, results, parameters)]
        return boot(command, results, seconds)


def _command(suite: str, results: Path, parameters: str) -> list[str]:
    kernel = KERNELS / suite
    share = "local,security_model=none,multidevs=remap"
    # What the kernel does not know goes to init's environment.
    environment = f"INIT={_HERE / 'init.sh'} RESULTS={results} KERNEL={kernel}"
    return [
        *(_QEMU, "-accel", "tcg", "-cpu", "max", "-M", "q35", "-smp", "2", "-m", "3G"),
        # as virtiofs wants it
        *("-object", "memory-backend-memfd,id=all,size=3G,share=on", "-numa", "node,memdev=all"),
        *("-nodefaults", "-display", "none", "-no-reboot", "-serial", "stdio"),
        *("-kernel", str(kernel / "vmlinuz"), "-initrd", str(kernel / "initrd")),
        *("-append", f"console=ttyS0 quiet panic=-1 mitigations=off {parameters} {environment}"),
        *("-virtfs", f"{share},path=/,mount_tag=host,readonly=on"),
        *("-virtfs", f"{share},path={results},mount_tag=results"),
    ]
