"""Ext4 on a network block device (nbd): block storage over the network."""

import subprocess
from pathlib import Path

from lab.bench import Bench, end, run

from ._devices import ext4_on

NEEDS = ("mkfs.ext4", "fs:ext4", "nbd-server", "nbd-client", "module:nbd")


def build(bench: Bench) -> Path:
    image = bench.work / "data"
    with image.open("wb") as file:
        file.truncate(1 << 30)
    server = subprocess.Popen(
        ["nbd-server", "127.0.0.1@10809", str(image), "-d", "-C", "/dev/null"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    bench.exits.callback(end, server)
    bench.wait_for_port(10809)
    run("nbd-client", "127.0.0.1", "10809", "/dev/nbd0", "-persist")
    bench.exits.callback(run, "nbd-client", "-d", "/dev/nbd0")
    return ext4_on(bench, "/dev/nbd0")
