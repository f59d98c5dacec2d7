"""How fast a survey is, as ratios in one run; how many calls it makes; how much memory it takes.

``make bench``; exits with 1 if a goal is missed. The contenders take turns, on an ext4 of the
benchmark's own, with a journal: one without passes over the inodes deleted in the last five
seconds, so that surveys in a row measure each other (fs/ext4/ialloc.c:recently_deleted).
"""

from __future__ import annotations

import argparse
import collections
import collections.abc
import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent / "src"
PYTHON = sys.executable
SURVEY = [PYTHON, "-m", "fscaps", "--json"]
EVERY = "fscaps, all engines"
GOALS: dict[str, float | None] = {"podman info": 0.6, "hg debugfs": 1.0, "floor": None}
"""What a survey for Docker may take at most, as a part of what these take."""
MEMORY_GOAL = 40 << 20
CALLS_GOAL = 1_300
"""Calls that a survey for Docker may make in its scratch directory; 1,118 when this was set."""
NFS_CALLS_GOAL = 1_100
"""Calls that a survey for all engines may make to an NFS 4.2 server; 967 when this was set."""
_IMAGE = 256 << 20
EXITS = {0, 1, 3, 4}
"""Statuses of a survey that was made."""

# Bytecode is written and used, as where fscaps is installed.
ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
ENVIRONMENT["PYTHONPATH"] = str(SOURCE)


@dataclass(frozen=True)
class Turn:
    """One contender in one round: seconds on the wall, and of processors."""

    wall: float
    processor: float


@dataclass
class Result:
    """All that was measured, and the goals that were missed."""

    file_system: str = ""
    milliseconds: dict[str, dict[str, float]] = field(default_factory=dict)
    ratios: dict[str, dict[str, float | None]] = field(default_factory=dict)
    calls: dict[str, dict[str, int]] = field(default_factory=dict)
    nfs_calls: int | None = None
    memory: dict[str, int] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--where", default="/var/tmp", help="a directory on ext4 to work in")
    parser.add_argument("--json", action="store_true", help="print all results as JSON")
    parser.add_argument("--no-fail", action="store_true", help="exit with 0 whatever was missed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.where, prefix="bench-") as place:
        result = measured(Path(place), max(options.rounds, 1))
    show(json.dumps(asdict(result), indent=2) if options.json else table(result))
    return int(bool(result.missed) and not options.no_fail)


def show(text: str) -> None:
    """Print it, to whoever has not seen enough (``| head``)."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # for the interpreter to flush to


def measured(place: Path, rounds: int) -> Result:
    """Everything, one after the other."""
    result = Result()
    with ext4(place) as disk:
        target = str(disk / "probed")
        os.mkdir(target)
        commands = contenders(place, disk)
        result.absent = sorted(set(GOALS) - set(commands))
        warm(commands, target, result)
        result.memory = memory(target)
        result.calls = calls(commands, target, place / "strace")
        turns = interleaved(commands, target, rounds)
    for name, taken in turns.items():
        result.milliseconds[name] = summary(taken)
    for name in turns.keys() - {"fscaps"}:
        result.ratios[name] = ratio(turns["fscaps"], turns[name], GOALS.get(name))
    result.nfs_calls = nfs_calls()
    judge(result)
    return result


@contextlib.contextmanager
def ext4(place: Path) -> collections.abc.Iterator[Path]:
    """A new ext4 with a journal; a directory of the place where none can be mounted."""
    image, point = place / "image", place / "mounted"
    image.touch()
    os.truncate(image, _IMAGE)
    point.mkdir()
    try:
        subprocess.run(["mkfs.ext4", "-q", image], check=True, capture_output=True)
        subprocess.run(["mount", "-o", "loop", image, point], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        yield point
        return
    try:
        yield point
    finally:  # podman binds its root to itself
        subprocess.run(["umount", "--recursive", point], check=True)


def contenders(place: Path, disk: Path) -> dict[str, list[list[str]]]:
    """The commands of each contender that is here; the directory to probe comes at the end.

    podman info looks at a store of its own beside that directory.
    """
    found = {"fscaps": [[*SURVEY, "--for", "docker"]], EVERY: [SURVEY]}
    if shutil.which("podman"):
        roots = ["--root", str(disk / "root"), "--runroot", str(disk / "runroot")]
        found["podman info"] = [["podman", *roots, "info", "--format", "json"]]
    if shutil.which("hg"):
        found["hg debugfs"] = [["hg", "debugfs"]]
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler:
        floor = str(place / "floor")
        subprocess.run([compiler, "-O2", "-o", floor, str(HERE / "floor.c")], check=True)
        bare = [PYTHON, "-c", "pass"]
        found["floor"] = [bare, bare, [floor]]
    return found


def command(step: list[str], target: str) -> list[str]:
    """The step on that directory; podman info and a bare Python take none."""
    return step if step[0] == "podman" or step[-1] == "pass" else [*step, target]


def warm(commands: dict[str, list[list[str]]], target: str, result: Result) -> None:
    """Run each once, so that caches are warm and bytecode is written; it must not fail."""
    for name, steps in commands.items():
        for step in steps:
            done = subprocess.run(
                command(step, target), env=ENVIRONMENT, capture_output=True, text=True, check=False
            )
            if done.returncode and not (name in (EVERY, "fscaps") and done.returncode in EXITS):
                raise SystemExit(f"{name} fails: {done.stderr.strip()}")
            if name == "fscaps":
                result.file_system = json.loads(done.stdout)["target"]["mount"]["type"]


def interleaved(
    commands: dict[str, list[list[str]]], target: str, rounds: int
) -> dict[str, list[Turn]]:
    """Each contender's turns, in rounds, so that a busy spell hits all alike."""
    turns: dict[str, list[Turn]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, steps in commands.items():
            turns[name].append(one(steps, target))
    return turns


def one(steps: list[list[str]], target: str) -> Turn:
    """One turn of one contender."""
    used, before = 0.0, time.perf_counter()
    for step in steps:
        arguments = command(step, target)
        silent = [
            (os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)
        ]  # not subprocess, whose threads and pipes are no part of it
        pid = os.posix_spawnp(arguments[0], arguments, ENVIRONMENT, file_actions=silent)
        usage = os.wait4(pid, 0)[2]
        used += usage.ru_utime + usage.ru_stime
    return Turn(time.perf_counter() - before, used)


def summary(turns: list[Turn]) -> dict[str, float]:
    """The least and the median of wall and processor time."""
    walls, processors = [turn.wall for turn in turns], [turn.processor for turn in turns]
    values = {
        "wall median": statistics.median(walls),
        "wall least": min(walls),
        "processor median": statistics.median(processors),
        "processor least": min(processors),
    }
    return {key: round(1e3 * value, 2) for key, value in values.items()}


def ratio(ours: list[Turn], theirs: list[Turn], goal: float | None) -> dict[str, float | None]:
    """Our wall time as a part of theirs: of the medians, which is judged; of the least."""
    walls = [[turn.wall for turn in turns] for turns in (ours, theirs)]
    medians = [statistics.median(wall) for wall in walls]
    least = [min(wall) for wall in walls]
    return {
        "median": round(medians[0] / medians[1], 3),
        "least": round(least[0] / least[1], 3),
        "goal": goal,
    }


# What a file system is asked by name or descriptor, and what mounts one.
_TRACED = "trace=%file,%desc,fsopen,fsconfig,fsmount,mount,umount2,unshare"
_CALL = re.compile(r"(\d+) +(?:<\.\.\. )?(\w+)(?: resumed>|\()")
_MOUNTS = {"fsopen", "fsconfig", "fsmount", "mount", "umount2", "unshare"}
_SCRATCH = re.compile(r"/\.(?:fscaps|floor)-")
_NUMBERED = re.compile(r"\b\d+<(/[^>]*)>")


def calls(
    commands: dict[str, list[list[str]]], target: str, log: Path
) -> dict[str, dict[str, int]]:
    """The calls that a survey and its floor make in their scratch directory, by name."""
    if not shutil.which("strace"):
        return {}
    counted: dict[str, dict[str, int]] = {}
    for name in ("fscaps", "floor"):
        if name in commands:
            step = commands[name][-1]
            tracer = ["strace", "-f", "-y", "-qq", "-e", "signal=none", "-e", _TRACED]
            arguments = [*tracer, "-o", str(log), *command(step, target)]
            subprocess.run(arguments, env=ENVIRONMENT, stdout=subprocess.DEVNULL, check=False)
            counted[name] = in_scratch(log.read_text(errors="replace"))
    return counted


def in_scratch(trace: str) -> dict[str, int]:
    """Calls that strace -y shows to name the scratch directory, or to mount.

    An overlay that is mounted nowhere shows as a path that is not there, such as ``</append>``,
    or as ``</>`` by a number: AT_FDCWD is the process's own.
    """
    counts: collections.Counter[str] = collections.Counter()
    begun = False
    pending: dict[str, str] = {}
    for line in trace.splitlines():
        begun = begun or bool(_SCRATCH.search(line))
        call = _CALL.match(line)
        if not begun or not call:
            continue
        if line.endswith("<unfinished ...>"):
            pending[call[1]] = line
            continue
        whole = pending.pop(call[1], "") + line
        if call[2] in _MOUNTS or _SCRATCH.search(whole) or _is_detached(whole):
            counts[call[2]] += 1
    return dict(counts.most_common())


def _is_detached(line: str) -> bool:
    paths = (path for path in _NUMBERED.findall(line) if not path.startswith("/proc/"))
    return any(path == "/" or not os.path.exists(path) for path in paths)


_ALONE = """
import resource, sys
from fscaps import _defer
_defer.imports_of_dataclasses()
from fscaps._cli import main
main(["--json", "-o", "/dev/null", sys.argv[1]])
own = next(line for line in open("/proc/self/status") if line.startswith("VmHWM:"))
print(int(own.split()[1]), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def memory(target: str) -> dict[str, int]:
    """The most bytes that were resident, in the command and in the largest of its children.

    The command's by VmHWM, because ru_maxrss also tells of the process that started it; for a
    child that is the command itself, so that the figure is too high if anything.
    """
    alone = [PYTHON, "-c", _ALONE, target]
    output = subprocess.run(alone, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    command, children = (int(number) << 10 for number in output.stdout.split())
    return {"command": command, "worker": children}


def nfs_calls() -> int | None:
    """The calls that one survey makes to an NFS 4.2 server, in the lab's second kernel."""
    sys.path.insert(0, str(HERE.parent))
    try:
        from lab.uml import machine  # noqa: PLC0415 - only where the lab is
    except ImportError:
        return None
    if not machine.available():
        return None
    with tempfile.TemporaryDirectory() as results:
        script = machine.inside(HERE / "nfs_calls.py")
        log = machine.run(script, results=Path(results), seconds=120).log
    found = re.search(r"^calls (\d+)$", log, re.MULTILINE)
    return int(found[1]) if found else None


def judge(result: Result) -> None:
    """Name the goals that were missed."""
    for name, values in result.ratios.items():
        median, goal = values["median"], values["goal"]
        if median is not None and goal is not None and median >= goal:
            result.missed.append(name)
    if max(result.memory.values()) >= MEMORY_GOAL:
        result.missed.append("memory")
    if sum(result.calls.get("fscaps", {}).values()) >= CALLS_GOAL:
        result.missed.append("calls")
    if (result.nfs_calls or 0) >= NFS_CALLS_GOAL:
        result.missed.append("NFS calls")


def table(result: Result) -> str:
    """The results for people."""
    heads = ("wall: median", "least", "processor: median", "least", "fscaps takes", "by least")
    head = "{:>32}{:>8}{:>19}{:>8}{:>14}{:>10}  goal".format(*heads)
    lines = [f"on {result.file_system}, in milliseconds", head]
    for name, times in result.milliseconds.items():
        line = "{:<19}{:>13.1f}{:>8.1f}{:>19.1f}{:>8.1f}".format(name, *times.values())
        values = result.ratios.get(name)
        if values:
            line += f"{values['median']:>14.2f}{values['least']:>10.2f}"
            line += "" if values["goal"] is None else f"  < {values['goal']}: {met(result, name)}"
        lines.append(line)
    lines += [f"{name:<19} is not here" for name in result.absent]
    for name, counts in result.calls.items():
        common = ", ".join(f"{count} {call}" for call, count in list(counts.items())[:9])
        goal = f"; goal < {CALLS_GOAL}: {met(result, 'calls')}" if name == "fscaps" else ""
        total = f"{sum(counts.values())} ({common}){goal}"
        lines.append(f"calls of {name} in its scratch directory: {total}")
    if result.nfs_calls:
        goal = f"goal < {NFS_CALLS_GOAL}: {met(result, 'NFS calls')}"
        lines.append(f"calls to an NFS 4.2 server: {result.nfs_calls}; {goal}")
    sizes = ", ".join(f"{name} {size / (1 << 20):.1f}" for name, size in result.memory.items())
    goal = f"goal < {MEMORY_GOAL >> 20}: {met(result, 'memory')}"
    lines.append(f"peak memory in MiB: {sizes}; {goal}")
    return "\n".join(lines)


def met(result: Result, goal: str) -> str:
    """The goal in a word."""
    return "MISSED" if goal in result.missed else "met"


if __name__ == "__main__":
    sys.exit(main())
