"""The file systems: the folder is the register, one small file each.

A file has a docstring (its first line is the title), ``NEEDS`` (what it takes besides root) and
``build(bench)``, which makes the file system in the bench and returns the directory to judge.

>>> with FILESYSTEMS["ext4-full"](work) as directory: ...

makes it below the empty directory ``work`` and afterwards leaves that as empty as it was. Where a
file system can be had follows from its needs: on the host, or else in the second kernel.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from lab.bench import Bench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

__all__ = ["FILESYSTEMS", "FileSystem", "missing"]


@dataclass(frozen=True)
class FileSystem:
    """A file system one can have: call it with an empty directory to work in."""

    name: str
    title: str
    needs: tuple[str, ...]
    build: Callable[[Bench], Path]

    def __call__(self, work: Path) -> AbstractContextManager[Path]:
        """Make it, yield the directory to judge, take everything away again."""
        return self._use(work)

    @contextmanager
    def _use(self, work: Path) -> Iterator[Path]:
        bench = Bench(work.resolve())
        try:
            yield self.build(bench)
        finally:
            bench.clear()


def _every() -> Iterator[FileSystem]:
    for found in iter_modules(__path__):
        if not found.name.startswith("_"):
            module = import_module(f"{__name__}.{found.name}")
            title = (module.__doc__ or "").splitlines()[0].rstrip(".")
            yield FileSystem(found.name.replace("_", "-"), title, module.NEEDS, module.build)


FILESYSTEMS = {system.name: system for system in _every()}


def missing(wanted: FileSystem) -> str | None:
    """Why this machine cannot have the file system, in one line; None when it can.

    A need is a program (`mkfs.xfs`), a file system of the kernel (`fs:xfs`), a module
    (`module:dm-crypt`), a setting the kernel was built with (`CONFIG_XFS_QUOTA`), a virtio device
    (`virtio:9`, linux/virtio_ids.h) or a file (`/dev/fuse`).
    """
    if os.geteuid() != 0:
        return "mounting needs root"
    if any(need.startswith("mkfs.") for need in wanted.needs) and not _exists("/dev/loop-control"):
        return "no /dev/loop-control"
    return next((f"no {need}" for need in wanted.needs if not _has(need)), None)


def _has(need: str) -> bool:
    if need.startswith("fs:"):
        return _kernel_has(need[3:])
    if need.startswith("module:"):
        return _loads(need[7:])
    if need.startswith("virtio:"):
        return _has_virtio(int(need[7:]))
    if need.startswith("CONFIG_"):
        return _kernel_built_with(need)
    return _exists(need) if need.startswith("/") else shutil.which(need) is not None


def _exists(path: str) -> bool:
    return Path(path).exists()


def _kernel_has(fstype: str) -> bool:
    def listed() -> bool:
        return fstype in Path("/proc/filesystems").read_text().split()

    if not listed():
        # As mount(2) itself would; the module of a file system nobody uses is not loaded.
        _loads(f"fs-{fstype}")
    return listed()


def _loads(module: str) -> bool:
    if not shutil.which("modprobe"):
        return False
    done = subprocess.run(["modprobe", "-q", module], check=False, capture_output=True)
    return done.returncode == 0


def _has_virtio(number: int) -> bool:
    devices = Path("/sys/bus/virtio/devices").glob("*/device")
    return any(int(device.read_text(), 16) == number for device in devices)


def _kernel_built_with(setting: str) -> bool:
    config = b""
    if _exists("/proc/config.gz"):
        config = gzip.decompress(Path("/proc/config.gz").read_bytes())
    elif _exists(f"/boot/config-{os.uname().release}"):
        config = Path(f"/boot/config-{os.uname().release}").read_bytes()
    # A kernel that does not say what it was built with: let the mount find out.
    return not config or re.search(rf"^{setting}=[ym]$".encode(), config, re.MULTILINE) is not None
