"""CephFS by ceph-fuse: a monitor, an object store in memory, a metadata server."""

from pathlib import Path
from uuid import uuid4

from lab.bench import Bench

from ._servers import ADDRESS, servers

_PROGRAMS = ("ceph", "ceph-mon", "ceph-osd", "ceph-mds", "ceph-fuse", "monmaptool")
NEEDS = ("fs:fuse", "/dev/fuse", "setpriv", *_PROGRAMS)

# One of each, nobody is asked who he is, nothing is kept twice.
_SETTINGS = """
[global]
fsid = {fsid}
mon host = v1:{address}:6789
auth cluster required = none
auth service required = none
auth client required = none
public addr = {address}
cluster addr = {address}
run dir = {place}
admin socket = {place}/$name.$pid.asok
log file = {place}/$name.log
pid file = {place}/$name.pid
osd pool default size = 1
osd pool default min size = 1
osd pool default pg autoscale mode = off
mon allow pool size one = true
osd crush chooseleaf type = 0
mon data = {place}/mon
osd data = {place}/osd
mds data = {place}/mds
osd objectstore = memstore
memstore device bytes = 4294967296
"""
# A client that asks before it was sent the map is refused at times: "wrong fsid".
_UNTIL_DONE = ("sh", "-c", 'until "$@"; do sleep 0.1; done', "sh")
_ACTIVE = 'ceph -c "$1" mds stat | grep -q up:active'


def build(bench: Bench) -> Path:
    place = bench.directory("ceph")
    for name in ("mon", "osd", "mds"):
        (place / name).mkdir()
    settings, monmap, fsid = f"{place}/ceph.conf", f"{place}/monmap", str(uuid4())
    Path(settings).write_text(_SETTINGS.format(fsid=fsid, address=ADDRESS, place=place))
    address = f"[v1:{ADDRESS}:6789]"
    steps = (
        ("ceph-mon", "-i", "a"),
        ("ceph", "osd", "create"),
        ("ceph-osd", "-i", "0", "--mkfs"),
        ("ceph-osd", "-i", "0"),
        ("ceph-mds", "-i", "a"),
        ("ceph", "osd", "pool", "create", "metadata", "8"),
        ("ceph", "osd", "pool", "create", "data", "8"),
        ("ceph", "fs", "new", "store", "metadata", "data"),
    )
    with servers(bench) as machine:
        machine.run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", address, monmap)
        machine.run("ceph-mon", "-c", settings, "-i", "a", "--mkfs", "--monmap", monmap)
        for program, *words in steps:
            machine.run(*_UNTIL_DONE, program, "-c", settings, *words)
        machine.run(*_UNTIL_DONE, "sh", "-c", _ACTIVE, "sh", settings)
        client = ("ceph-fuse", "-f", "-c", settings)
        return bench.serve(bench.directory("mounted"), *client)
