"""Davfs2 (FUSE) of a WebDAV server (rclone) over ext4."""

from pathlib import Path

from lab.bench import Bench, run

from ._private import private
from ._servers import ADDRESS, servers

NEEDS = ("mkfs.ext4", "fs:ext4", "fs:fuse", "/dev/fuse", "rclone", "mount.davfs")
_SETTINGS = """
cache_dir {work}/cache
ask_auth 0
use_locks 0
"""


def build(bench: Bench) -> Path:
    served, point = bench.ext4() / "served", bench.directory("mounted")
    served.mkdir()
    bench.directory("cache").chmod(0o777)  # it gives up root
    private(bench, "/run")  # where it keeps its number
    (bench.work / "davfs2.conf").write_text(_SETTINGS.format(work=bench.work))
    with servers(bench) as machine:
        serve = f"rclone serve webdav --addr {ADDRESS}:8080 {served} >{bench.work}/log 2>&1 &"
        machine.run("sh", "-c", serve)
        bench.wait_for_port(8080, ADDRESS)
        options = f"conf={bench.work}/davfs2.conf,uid=0,gid=0"
        run("mount.davfs", "-o", options, f"http://{ADDRESS}:8080/", point)
    stored = point / "stored"  # beside its lost+found, which cannot be removed
    stored.mkdir()
    return stored
