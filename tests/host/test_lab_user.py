"""The lab's ordinary user: known whatever the host does, and his mounts seen as he sees them."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lab import user
from lab.course import volume_locks

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user needs root")

# A root file system that a user's own FUSE server serves, and a process in it.
_CONTAINER = """
mount -t tmpfs tmpfs "$1" && cd "$1" && mkdir lower lower/named upper work merged
cp "$(command -v busybox)" lower
fuse-overlayfs -o lowerdir=lower,upperdir=upper,workdir=work merged
exec chroot merged /busybox sh -c 'echo; exec /busybox cat'
"""


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Path]:
    """Give the /proc directory of a process whose root is a user's FUSE mount."""
    for program in ("fuse-overlayfs", "busybox"):
        if not shutil.which(program):
            pytest.skip(f"no {program}")
    user.give(tmp_path)
    user.open_fuse(tmp_path)
    unshare = ("unshare", "--user", "--map-root-user", "--mount")
    container = subprocess.Popen(
        [*user.become(), *unshare, "sh", "-ec", _CONTAINER, "sh", str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert container.stdin
    assert container.stdout
    with container.stdin, container.stdout:
        assert container.stdout.readline() == b"\n"
        yield Path(f"/proc/{container.pid}")
    container.wait()
    subprocess.run(["umount", "/dev/fuse"], check=True)


def test_a_users_fuse_mount_is_looked_at_with_his_eyes(process: Path) -> None:
    with pytest.raises(PermissionError):
        os.stat(process / "root/named")  # as root of the host one sees nothing
    assert user.seen_by(process, lambda root: volume_locks(root / "named")) == []


def test_a_user_stays_known_when_the_host_replaces_its_files(tmp_path: Path) -> None:
    """As a package does that is installed there meanwhile."""
    host = tmp_path / "host"
    subprocess.run(["cp", "-a", "/etc", host], check=True)
    shutil.copy2(host / "passwd", host / "new")
    # Elsewhere nothing is mounted on it, so that it can be replaced.
    elsewhere = subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", 'echo; read -r _; exec mv "$1/new" "$1/passwd"', "sh",
         host], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert elsewhere.stdout
    elsewhere.stdout.readline()
    subprocess.run(["mount", "--bind", host, "/etc"], check=True)
    user.introduce(tmp_path)
    try:
        elsewhere.communicate(b"\n")
        assert elsewhere.returncode == 0
        assert pwd.getpwuid(user.ID).pw_name == "lab"
    finally:
        subprocess.run(["umount", "--recursive", "/etc"], check=True)
        subprocess.run(["umount", "--recursive", "/etc"], check=True)
