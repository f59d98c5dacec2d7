"""Gocryptfs (FUSE) over ext4."""

from pathlib import Path

from lab.bench import Bench, run

NEEDS = ("mkfs.ext4", "fs:ext4", "fs:fuse", "/dev/fuse", "setpriv", "gocryptfs")


def build(bench: Bench) -> Path:
    cipher, secret = bench.ext4() / "cipher", bench.work / "secret"
    cipher.mkdir()
    secret.write_text("secret\n")
    run("gocryptfs", "-init", "-q", "-scryptn", "10", "-passfile", secret, cipher)
    command = ("gocryptfs", "-fg", "-q", "-allow_other", "-passfile", secret, cipher)
    return bench.serve(bench.directory("plain"), *command)
