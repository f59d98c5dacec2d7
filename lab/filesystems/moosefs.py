"""MooseFS (FUSE): a master, and a chunk server on ext4."""

from pathlib import Path

from lab.bench import Bench, run

from ._servers import ADDRESS, servers

NEEDS = ("mkfs.ext4", "fs:ext4", "fs:fuse", "/dev/fuse", "setpriv", "mfsmaster", "mfschunkserver",
         "mfsmount")  # fmt: skip


def build(bench: Bench) -> Path:
    disk = bench.ext4(mib=4096)
    for name in ("chunks", "master", "chunkserver"):
        (disk / name).mkdir()
    common = "WORKING_USER = root\nWORKING_GROUP = root\nDATA_PATH = {}/{}\n"
    (disk / "master/metadata.mfs").write_bytes(b"MFSM NEW")
    (disk / "exports").write_text("* / rw,alldirs,maproot=0:0\n")
    (disk / "disks").write_text(f"{disk}/chunks\n")
    master, chunks = disk / "master.cfg", disk / "chunkserver.cfg"
    master.write_text(common.format(disk, "master") + f"EXPORTS_FILENAME = {disk}/exports\n")
    more = f"MASTER_HOST = {ADDRESS}\nHDD_CONF_FILENAME = {disk}/disks\n"
    chunks.write_text(common.format(disk, "chunkserver") + more)
    with servers(bench) as machine:
        machine.run("mfsmaster", "-c", str(master), "start")
        machine.run("mfschunkserver", "-c", str(chunks), "start")
        client = ("mfsmount", "-f", "-H", ADDRESS)
        mounted = bench.serve(bench.directory("mounted"), *client)
        # Until the chunk server has reported to the master, who writes waits for it.
        run("dd", "if=/dev/zero", f"of={mounted}/first", "bs=1", "count=1", "conv=fsync")
        (mounted / "first").unlink()
        run("mfssetgoal", "1", mounted)  # of a second copy the one server would go on asking
    return mounted
