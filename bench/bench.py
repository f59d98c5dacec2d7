"""How fast a survey is, as ratios in one run, how many calls it makes, how much memory it takes.

``make bench``; exits with 1 if a goal is missed (``--no-fail`` prints only).
"""

from __future__ import annotations

import argparse
import collections
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
SURVEY = [sys.executable, "-m", "fscaps", "--json"]
NEEDED = "fscaps --for docker"
GOALS = {"podman info": 0.6, "hg debugfs": 1.0}
MEMORY_GOAL = 40 << 20
_ACTS = re.compile(
    r"(open|mkdir|mknod|link|unlink|rename|symlink|readlink|stat|chown|chmod|utime|truncate|xattr|"
    r"getdents|fsync|fdatasync|fallocate|pread|pwrite|fsconfig|mount|flock|statfs)"
)


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--no-fail", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="bench-") as place:
        missed = report(Path(place), options.rounds)
    return int(bool(missed) and not options.no_fail)


def report(place: Path, rounds: int) -> list[str]:
    """Print all there is to say; the goals that were missed."""
    seconds = interleaved(contenders(place), rounds)
    ours, needed = seconds.pop("fscaps"), seconds.pop(NEEDED)
    missed = []
    print(f"{'fscaps --json':<16} {1e3 * min(ours):7.1f} ms least {1e3 * median(ours):7.1f} median")
    for name, theirs in seconds.items():
        ratio = median(ours) / median(theirs)
        goal = GOALS.get(name)
        verdict = "" if goal is None else f"  goal < {goal}: {'met' if ratio < goal else 'MISSED'}"
        if goal is not None and ratio >= goal:
            missed.append(name)
        print(
            f"{name:<16} {1e3 * min(theirs):7.1f} ms least {1e3 * median(theirs):7.1f} median"
            f"   fscaps is {ratio:.2f} of it, with --for docker "
            f"{median(needed) / median(theirs):.2f}{verdict}"
        )
    for name in sorted({"podman info", "hg debugfs"} - set(seconds)):
        print(f"{name:<16} is not installed")
    return missed + counts(place) + memory(place)


def contenders(place: Path) -> dict[str, list[list[str]]]:
    """The commands to run, one after the other, for each contender that is here."""
    target = place / "probed"
    target.mkdir()
    floor = place / "floor"
    subprocess.run(["cc", "-O2", "-o", floor, HERE / "floor.c"], check=True)
    bare = [sys.executable, "-c", "pass"]
    found = {
        "fscaps": [[*SURVEY, str(target)]],
        NEEDED: [[*SURVEY, "--for", "docker", str(target)]],
        "floor": [bare, bare, [str(floor), str(target)]],
    }
    if shutil.which("podman"):
        roots = ["--root", str(place / "root"), "--runroot", str(place / "runroot")]
        found["podman info"] = [["podman", *roots, "info"]]
    if shutil.which("hg"):
        found["hg debugfs"] = [["hg", "debugfs", str(target)]]
    return found


def interleaved(commands: dict[str, list[list[str]]], rounds: int) -> dict[str, list[float]]:
    """Wall seconds of each contender, taking turns, so that a busy spell hits all alike."""
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(rounds + 1):
        for name, steps in commands.items():
            before = time.perf_counter()
            for step in steps:
                subprocess.run(
                    step, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
                )
            if turn:  # the first round warms the caches
                seconds[name].append(time.perf_counter() - before)
    return seconds


def median(values: list[float]) -> float:
    """The median."""
    return statistics.median(values)


def counts(place: Path) -> list[str]:
    """Print the calls that the worker and its helpers make once it has a scratch directory."""
    if not shutil.which("strace"):
        print("strace is not installed: no calls counted")
        return []
    log = place / "strace"
    command = ["strace", "-f", "-qq", "-o", str(log), *SURVEY, str(place / "probed")]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    calls: collections.Counter[str] = collections.Counter()
    begun = False
    for line in log.read_text(errors="replace").splitlines():
        call = line.split(maxsplit=1)[1].split("(")[0]
        begun = begun or ("mkdir" in call and ".fscaps-" in line)
        if begun and _ACTS.search(call) and '"/' not in line and "TCGETS" not in line:
            calls[call] += 1
    common = ", ".join(f"{count} {call}" for call, count in calls.most_common(8))
    print(f"file operations: {sum(calls.values())} ({common}, …)")
    nfs_calls()
    return []


def nfs_calls() -> None:
    """Print the calls that one survey makes to an NFS 4.2 server, in the second kernel."""
    sys.path.insert(0, str(HERE.parent / "tests"))
    from uml import machine  # noqa: PLC0415 - only where the tests are

    if not machine.available():
        print("no User-Mode Linux here: no NFS calls counted")
        return
    source = HERE.parent / "src"
    script = f"""
    calls() {{
        awk '/^\\tper-op/ {{on=1; next}} on && NF>2 {{n += $2}} END {{print n}}' \\
            /proc/self/mountstats
    }}
    fs_nfs4 /mnt/nfs4
    before=$(calls)
    PYTHONPATH={source} {sys.executable} -m fscaps -q --timeout 20 --deadline 100 /mnt/nfs4 || true
    echo "calls $(($(calls) - before))"
    """
    with tempfile.TemporaryDirectory(dir="/var/tmp") as results:
        log = machine.run(script, results=Path(results), seconds=120).log
    found = re.search(r"^calls (\d+)$", log, re.MULTILINE)
    print(f"NFS 4.2 calls: {found[1] if found else 'could not be counted'}")


def memory(place: Path) -> list[str]:
    """Print the peak resident memory of the larger of the two processes."""
    pid = os.posix_spawn(
        sys.executable,
        [*SURVEY, str(place / "probed")],
        os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    usage = os.wait4(pid, 0)[2]
    peak = usage.ru_maxrss * 1024
    verdict = "met" if peak < MEMORY_GOAL else "MISSED"
    print(f"peak memory: {peak / (1 << 20):.1f} MiB  goal < {MEMORY_GOAL >> 20}: {verdict}")
    return [] if peak < MEMORY_GOAL else ["memory"]


if __name__ == "__main__":
    sys.exit(main())
