"""The same dead mount for fscaps and for others: who comes back, when, and who has to be left.

`dead_mount.py [SECONDS]`: a FUSE server that answered INIT and then nothing more; each command is
given so long (60), then SIGKILL, then five seconds. Once the dead mount is what they are asked
about, once it is only somewhere on the host. Needs root; `ansible` where that is on PATH.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "src")]

from lab.mounts import unmount_below  # noqa: E402 - found through the path above
from lab.silent_fuse import silent_fuse  # noqa: E402 - found through the path above

_CLONE_NEWNS, _MS_REC, _MS_SLAVE = 0x20000, 0x4000, 1 << 19
_GRACE = 5.0
_SOURCE = "server:/export"  # Ansible passes over what does not look like a disk or an export
_READY = b"API listen on"


def commands(root: Path, work: Path) -> dict[str, list[str]]:
    """What is run, with this directory to keep an engine's data in."""
    dockerd = [
        "dockerd",
        "--data-root",
        str(root),
        "--exec-root",
        f"{work}/exec",
        "--iptables=false",
    ]
    dockerd += ["--bridge=none", "--pidfile", f"{work}/pid", "-H", f"unix://{work}/socket"]
    podman = ["podman", "--root", str(root), "--runroot", f"{work}/run", "info"]
    return {
        "fscaps": [sys.executable, "-m", "fscaps", "--json", str(root)],
        "dockerd": dockerd,
        "podman info": podman,
        "ansible -m setup": ["ansible", "localhost", "-m", "setup"],
    }


def outcome(command: list[str], seconds: float) -> str:
    """How it ended, in words."""
    if not shutil.which(command[0]):
        return "not installed"
    before = time.monotonic()
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(HERE.parent / "src")},
    )
    said = b""
    assert process.stdout is not None
    os.set_blocking(process.stdout.fileno(), False)
    while process.poll() is None and time.monotonic() - before < seconds and _READY not in said:
        said += process.stdout.read() or b""
        time.sleep(0.05)
    took = time.monotonic() - before
    if process.returncode is not None:
        return f"ended after {took:.1f} s with status {process.returncode}"
    word = f"was ready after {took:.1f} s" if _READY in said else f"no answer in {seconds:.0f} s"
    return f"{word}, {_killed(process)}"


def _killed(process: subprocess.Popen[bytes]) -> str:
    os.killpg(process.pid, signal.SIGKILL)
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        threads = Path(f"/proc/{process.pid}/task").glob("*/wchan")
        where = {one.read_text().strip("0 \n") for one in threads} - {""}
        return f"SIGKILL does not end it ({', '.join(sorted(where))})"
    return "ended by SIGKILL"


def main(seconds: float) -> None:
    """A line for each command and place."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS) or libc.mount(b"none", b"/", None, _MS_REC | _MS_SLAVE, None):
        raise OSError(ctypes.get_errno(), "no mount namespace")
    for place in ("there", "elsewhere"):
        for name in commands(Path(), Path()):
            with tempfile.TemporaryDirectory() as made:
                work = Path(made)
                (work / "dead").mkdir()
                (work / "data").mkdir()
                root = work / ("dead" if place == "there" else "data")
                try:
                    with silent_fuse(work / "dead", source=_SOURCE):
                        said = outcome(commands(root, work)[name], seconds)
                finally:
                    unmount_below(work, [])  # dockerd binds its data-root on itself
                print(f"{name:<18} dead {place:<10} {said}", flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]) if sys.argv[1:] else 60.0)
