"""GlusterFS (FUSE): one brick on xfs."""

from pathlib import Path

from lab.bench import Bench

from ._servers import ADDRESS, servers

_STATE = ("/var/lib/glusterd", "/var/log/glusterfs")
NEEDS = ("mkfs.xfs", "fs:xfs", "fs:fuse", "/dev/fuse", "setpriv", "glusterd", "glusterfs")


def build(bench: Bench) -> Path:
    brick = bench.xfs() / "brick"
    with servers(bench, *_STATE) as machine:
        machine.run("glusterd")
        cli = ("gluster", "--mode=script", "volume")
        machine.run(*cli, "create", "store", f"{ADDRESS}:{brick}")
        machine.run(*cli, "start", "store")
        log = f"--log-file={bench.work}/client.log"
        client = ("glusterfs", "-N", log, "-s", ADDRESS, "--volfile-id=store")
        return bench.serve(bench.directory("mounted"), *client)
