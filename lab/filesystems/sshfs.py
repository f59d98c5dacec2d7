"""Sshfs (FUSE) over ext4."""

import socket
import subprocess
from pathlib import Path

from lab.bench import Bench, end

_SERVER = "/usr/lib/openssh/sftp-server"
NEEDS = ("mkfs.ext4", "fs:ext4", "fs:fuse", "/dev/fuse", "setpriv", "sshfs", _SERVER)


def build(bench: Bench) -> Path:
    served = bench.ext4()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        server = subprocess.Popen([_SERVER], stdin=theirs.fileno(), stdout=theirs.fileno())
        bench.exits.callback(end, server)
        # Passive: no ssh, the protocol comes from standard input.
        options = "passive,allow_other,default_permissions"
        command = ("sshfs", "-f", "-o", options, f":{served}")
        return bench.serve(bench.directory("merged"), *command, connection=ours.fileno())
