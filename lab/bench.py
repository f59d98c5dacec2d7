"""The bench on which a file system is made, and from which it is taken away again."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from lab.mounts import mounts_below, unmount_below

if TYPE_CHECKING:
    from pathlib import Path

_PATIENCE = 20.0  # seconds; nothing here takes one


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
        self, name: str = "mnt", *, mkfs: str = "", options: str = "loop", mib: int = 1024
    ) -> Path:
        """Make and mount an ext4; `name` is the mount point, when its path matters."""
        # The block size is named: for a small image mkfs may choose one nobody has in earnest.
        image = self.image(f"mkfs.ext4 -q -b 4096 {mkfs}", mib << 20)
        return self.mount("ext4", image, self.directory(name), options)

    def xfs(self, name: str = "mnt", *, mkfs: str = "", options: str = "loop") -> Path:
        """Make and mount an XFS."""
        image = self.image(f"mkfs.xfs -q {mkfs}", 1 << 30)
        return self.mount("xfs", image, self.directory(name), options)

    def btrfs(self) -> Path:
        """Make and mount a btrfs."""
        image = self.image("mkfs.btrfs -q", 1 << 30)
        return self.mount("btrfs", image, self.directory("mnt"))

    def serve(self, point: Path, *argv: str | Path, connection: int = subprocess.DEVNULL) -> Path:
        """Start a FUSE server that stays in the foreground and wait until it has mounted."""
        # setpriv: the server dies with us, however we die, and the mount with the server.
        server = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *(str(word) for word in argv), str(point)],
            stdin=connection,
            stdout=connection,
            stderr=subprocess.DEVNULL,
        )
        self.exits.callback(end, server)
        deadline = time.monotonic() + _PATIENCE
        while not mounts_below(point):
            if server.poll() is not None or time.monotonic() > deadline:
                message = f"{shlex.join(str(word) for word in argv)}: has not mounted"
                raise RuntimeError(message)
            time.sleep(0.002)
        return point

    def wait_for_port(self, port: int, address: str = "127.0.0.1") -> None:
        """Wait until a server listens on this machine."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                socket.create_connection((address, port), _PATIENCE).close()
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return


def end(server: subprocess.Popen[bytes]) -> None:
    """End a server, however busy it is."""
    server.kill()
    server.wait(_PATIENCE)
