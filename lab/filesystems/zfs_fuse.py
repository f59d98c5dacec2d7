"""ZFS by zfs-fuse, with extended attributes."""

from pathlib import Path

from lab.bench import Bench

from ._private import private

NEEDS = ("fs:fuse", "/dev/fuse", "setpriv", "zfs-fuse", "zpool")

# The daemon mounts what another program tells it to.
_SERVE = """
mkdir -p /run/zfs /run/lock/zfs
until zpool create -o cachefile=none -m "$2" -f pool "$1"; do sleep 0.1; done &
exec zfs-fuse --no-daemon --no-kstat-mount --enable-xattr
"""


def build(bench: Bench) -> Path:
    image = bench.work / "image"
    with image.open("wb") as file:
        file.truncate(1 << 30)
    private(bench, "/run")  # where its socket and lock are
    return bench.serve(bench.directory("mnt"), "sh", "-c", _SERVE, "sh", image)
