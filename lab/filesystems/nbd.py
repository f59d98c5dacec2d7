"""Ext4 on a network block device (nbd): block storage over the network."""

import os
import signal
from pathlib import Path

from lab.bench import Bench, run

from ._devices import ext4_on

NEEDS = ("mkfs.ext4", "fs:ext4", "nbd-server", "nbd-client", "module:nbd")


def build(bench: Bench) -> Path:
    image = bench.work / "data"
    with image.open("wb") as file:
        file.truncate(1 << 30)
    number = bench.work / "pid"
    run("nbd-server", "127.0.0.1@10809", image, "-C", "/dev/null", "-p", number)
    bench.exits.callback(_end, number)
    bench.wait_for_port(10809)
    run("nbd-client", "127.0.0.1", "10809", "/dev/nbd0", "-persist")
    bench.exits.callback(run, "nbd-client", "-d", "/dev/nbd0")
    return ext4_on(bench, "/dev/nbd0")


def _end(number: Path) -> None:
    os.kill(int(number.read_text()), signal.SIGKILL)
