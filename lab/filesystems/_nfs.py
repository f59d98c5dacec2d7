"""A real NFS server on this machine, for its own kernel alone: a machine that is thrown away."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lab.bench import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.bench import Bench

NEEDS = ("mkfs.ext4", "fs:ext4", "fs:nfs", "fs:nfsd", "rpc.nfsd", "rpcbind")


def nfs(
    bench: Bench,
    version: str,
    *,
    options: str = "",
    export: str = "no_root_squash",
    disk: Callable[[Bench, str], Path] = lambda bench, name: bench.ext4(name),
) -> Path:
    """Export a fresh disk, mode 0777 at its top, and mount it from 127.0.0.1."""
    root = bench.mount("tmpfs", "tmpfs", bench.directory("srv"), "rw")
    served = disk(bench, "srv/disk")
    served.chmod(0o777)
    for found in served.iterdir():
        found.rmdir()  # lost+found: an export is empty as a rule
    _server(bench, root, served, export)
    # NFS 4 counts from the export with fsid=0.
    path = "/disk" if version.startswith("4") else served
    mounting = ",".join(filter(None, (f"vers={version}", options)))
    return bench.mount("nfs", f"127.0.0.1:{path}", bench.directory("mnt"), mounting)


def _server(bench: Bench, root: Path, served: Path, export: str) -> None:
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    run("mount", "-t", "tmpfs", "tmpfs", "/var/lib/nfs")
    for name in ("sm", "sm.bak", "v4recovery", "nfsdcld"):
        (Path("/var/lib/nfs") / name).mkdir()
    for name in ("etab", "rmtab", "state"):
        (Path("/var/lib/nfs") / name).touch()
    Path("/run/rpc_pipefs").mkdir()
    run("mount", "-t", "nfsd", "nfsd", "/proc/fs/nfsd")
    run("mount", "-t", "rpc_pipefs", "rpc_pipefs", "/run/rpc_pipefs")
    for command in ("rpcbind -w", "nfsdcld", "rpc.statd", "rpc.nfsd 4", "rpc.mountd"):
        run(*command.split())
    bench.exits.callback(run, "rpc.nfsd", "0")
    # Or the first lock, NFS 4 too, waits for 50 s.
    Path("/proc/fs/lockd/nlm_end_grace").write_text("Y")
    # The root of NFS 4 must be a file system that can be exported; an overlay cannot.
    run("exportfs", "-o", "rw,fsid=0,no_subtree_check", f"*:{root}")
    run("exportfs", "-o", f"rw,sync,no_subtree_check,{export}", f"*:{served}")
