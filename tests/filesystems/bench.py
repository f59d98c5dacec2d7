"""How a real file system is registered, made in a working directory, and taken away."""

from __future__ import annotations

import gzip
import os
import re
import shlex
import shutil
import subprocess
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .mounts import mounts_below, unmount_below

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

_PATIENCE = 20.0  # seconds; nothing here takes one


@dataclass(frozen=True)
class FileSystem:
    """A file system one can have: call it with an empty directory to work in."""

    name: str
    title: str
    needs: tuple[str, ...]
    build: Callable[[Bench], Path]

    def __call__(self, work: Path) -> AbstractContextManager[Path]:
        """Make it, yield the directory to probe, take everything away again."""
        return self._use(work)

    @contextmanager
    def _use(self, work: Path) -> Iterator[Path]:
        bench = Bench(work.resolve())
        try:
            yield self.build(bench)
        finally:
            bench.clear()


FILESYSTEMS: dict[str, FileSystem] = {}


def filesystem(*needs: str) -> Callable[[Callable[[Bench], Path]], FileSystem]:
    """Register a function under its name, with what it needs besides root.

    A need is a program (`mkfs.xfs`), a file system of the kernel (`fs:xfs`), a setting the
    kernel was built with (`CONFIG_XFS_QUOTA`) or a file (`/dev/fuse`).
    """

    def register(build: Callable[[Bench], Path]) -> FileSystem:
        name = build.__name__.replace("_", "-")
        title = (build.__doc__ or "").splitlines()[0].rstrip(".")
        FILESYSTEMS[name] = FileSystem(name, title, needs, build)
        return FILESYSTEMS[name]

    return register


def missing(wanted: FileSystem) -> str | None:
    """Why this machine cannot have the file system, in one line; None when it can."""
    if os.geteuid() != 0:
        return "mounting needs root"
    if any(need.startswith("mkfs.") for need in wanted.needs) and not _exists("/dev/loop-control"):
        return "no /dev/loop-control"
    return next((f"no {need}" for need in wanted.needs if not _has(need)), None)


def _has(need: str) -> bool:
    if need.startswith("fs:"):
        return _kernel_has(need[3:])
    if need.startswith("CONFIG_"):
        return _kernel_built_with(need)
    return _exists(need) if need.startswith("/") else shutil.which(need) is not None


def _exists(path: str) -> bool:
    return Path(path).exists()


def _kernel_has(fstype: str) -> bool:
    def listed() -> bool:
        return fstype in Path("/proc/filesystems").read_text().split()

    if not listed() and shutil.which("modprobe"):
        # As mount(2) itself would; the module of a file system nobody uses is not loaded.
        subprocess.run(["modprobe", "-q", f"fs-{fstype}"], check=False, capture_output=True)
    return listed()


def _kernel_built_with(setting: str) -> bool:
    config = b""
    if _exists("/proc/config.gz"):
        config = gzip.decompress(Path("/proc/config.gz").read_bytes())
    elif _exists(f"/boot/config-{os.uname().release}"):
        config = Path(f"/boot/config-{os.uname().release}").read_bytes()
    # A kernel that does not say what it was built with: let the mount find out.
    return not config or re.search(rf"^{setting}=[ym]$".encode(), config, re.MULTILINE) is not None


def run(*argv: str | Path) -> None:
    """Run a program that must succeed."""
    done = subprocess.run(
        [str(word) for word in argv],
        check=False,
        timeout=_PATIENCE,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "LC_ALL": "C"},
    )
    if done.returncode != 0:
        said = done.stdout.decode(errors="replace").strip()
        message = f"{shlex.join(str(word) for word in argv)}: {said}"
        raise RuntimeError(message)


class Bench:
    """One working directory: images, mounts and servers, and the way to be rid of them."""

    def __init__(self, work: Path) -> None:
        """Work in an empty directory."""
        self.work = work
        self.before = mounts_below(work)
        self.exits = ExitStack()

    def clear(self) -> None:
        """Unmount everything, end the servers, empty the directory."""
        try:
            unmount_below(self.work, self.before)
        finally:
            self.exits.close()
        if mounts_below(self.work) != self.before:  # never delete through a mount
            message = f"still mounted below {self.work}"
            raise RuntimeError(message)
        for entry in self.work.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def directory(self, name: str) -> Path:
        """Make a directory in the working directory, unless it is there."""
        made = self.work / name
        made.mkdir(exist_ok=True)
        return made

    def image(self, command: str, size: int) -> Path:
        """Make a file system in a sparse file; it takes the blocks that are written only."""
        image = self.work / "image"
        with image.open("wb") as file:
            file.truncate(size)
        run(*shlex.split(command), image)
        return image

    def mount(self, fstype: str, source: str | Path, point: Path, options: str = "loop") -> Path:
        """Mount a source; `loop` gives a device that frees itself at the unmount."""
        run("mount", "-t", fstype, "-o", options, source, point)
        return point

    def ext4(
        self, name: str = "mnt", *, mkfs: str = "", options: str = "loop", mib: int = 64
    ) -> Path:
        """Make and mount an ext4; `name` is the mount point, when its path matters."""
        # The block size is named: for a small image mkfs may choose one nobody has in earnest.
        image = self.image(f"mkfs.ext4 -q -b 4096 {mkfs}", mib << 20)
        return self.mount("ext4", image, self.directory(name), options)

    def serve(self, point: Path, *argv: str | Path) -> Path:
        """Start a FUSE server that stays in the foreground and wait until it has mounted."""
        # setpriv: the server dies with us, however we die, and the mount with the server.
        server = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *(str(word) for word in argv), str(point)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.exits.callback(_end, server)
        deadline = time.monotonic() + _PATIENCE
        while not mounts_below(point):
            if server.poll() is not None or time.monotonic() > deadline:
                message = f"{shlex.join(str(word) for word in argv)}: has not mounted"
                raise RuntimeError(message)
            time.sleep(0.002)
        return point


def _end(server: subprocess.Popen[bytes]) -> None:
    server.kill()
    server.wait(_PATIENCE)
