"""The supervisor outlives whatever its worker does, tells what became of it, and leaves nothing.

The workers here are impostors: programs that are started in the place of Python.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import shlex
import signal
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from unit.running import SOURCE, execute, python

from fscaps import (
    Finding,
    Mounting,
    Outcome,
    PlatformError,
    Reason,
    SandboxError,
    TargetError,
    probes,
    survey,
)
from fscaps._sandbox import child, listening, supervisor
from fscaps._sandbox.protocol import (
    Asking,
    Cannot,
    Done,
    Found,
    Left,
    Looking,
    Scratch,
    Warned,
    encode,
)
from fscaps._sandbox.supervisor import Observation, observe
from fscaps._sandbox.wire import LINE_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fscaps._sandbox.protocol import Event

pytestmark = pytest.mark.timeout(60)  # the bound is the supervisor's; this one only ends a hang

FIRST, SECOND, THIRD = "directory.writable", "name.option", "owner.chmod"
ASKED = (FIRST, SECOND, THIRD)
FOREVER = "exec sleep 60"


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """A directory to probe, beside the program that poses as Python."""
    (tmp_path / "place").mkdir()
    return tmp_path


def impostor(scene: Path, script: str) -> str:
    """A program that does this, however it is started."""
    path = scene / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return str(path)


def saying(*events: Event) -> str:
    """The shell command to say these."""
    return f"printf '%s' {shlex.quote(b''.join(map(encode, events)).decode())}"


def watch(scene: Path, program: str, *, timeout: float = 0.5, **more: Any) -> Observation:
    """What is observed of the scene through this program."""
    options: dict[str, Any] = {
        "mounting": Mounting.NEVER,
        "timeout": timeout,
        "deadline": 2.0,
        "python": program,
        "on_finding": None,
    }
    return observe(os.fsencode(scene / "place"), list(ASKED), **{**options, **more})


def reasons(seen: Observation) -> list[Reason | None]:
    """Why each of the probes asked is unknown, in order; every one must be accounted for."""
    assert sorted(seen.findings) == sorted(ASKED)
    for name, one in seen.findings.items():
        assert one.probe == name
        assert (one.outcome is Outcome.UNKNOWN) == (one.reason is not None)
    return [seen.findings[name].reason for name in ASKED]


def yes(name: str) -> Found:
    """A probe answered."""
    return Found(Finding(name, Outcome.YES))


def descriptors() -> list[str]:
    """The descriptors that this process has open, and what they are."""
    held = []
    for fd in os.listdir("/proc/self/fd"):
        try:
            held.append(f"{fd} {os.readlink(f'/proc/self/fd/{fd}')}")
        except FileNotFoundError:
            continue  # the one that listed them
    return sorted(held)


def await_end(pid: int) -> None:
    """Return when the process has ended; pytest's time limit is for one that lives on."""
    with suppress(psutil.NoSuchProcess):
        while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            os.sched_yield()


TIMEOUT, CRASH, UNRESPONSIVE = Reason.TIMEOUT, Reason.CRASH, Reason.UNRESPONSIVE

_SETPIPE_SZ = 1031  # fcntl.F_SETPIPE_SZ, which Python 3.9 does not know
BEHAVIOURS = {
    # name: (script, why each of the three is unknown)
    "says nothing": (FOREVER, [TIMEOUT, UNRESPONSIVE, UNRESPONSIVE]),
    "says nothing and ignores signals": (
        f"trap '' TERM INT HUP\n{FOREVER}",
        [TIMEOUT, UNRESPONSIVE, UNRESPONSIVE],
    ),
    "ends at once": ("exit 0", [CRASH, UNRESPONSIVE, UNRESPONSIVE]),
    "fails at once": ("exit 3", [CRASH, UNRESPONSIVE, UNRESPONSIVE]),
    "dies at once": ("kill -KILL $$", [CRASH, UNRESPONSIVE, UNRESPONSIVE]),
    "closes its output and stays": (
        f"exec >&- 2>&-\n{FOREVER}",
        [CRASH, UNRESPONSIVE, UNRESPONSIVE],
    ),
    "says rubbish and ends": ("echo rubbish", [CRASH, UNRESPONSIVE, UNRESPONSIVE]),
    "says rubbish and stays": (
        f"echo rubbish\necho '{{}}'\necho\n{FOREVER}",
        [TIMEOUT, UNRESPONSIVE, UNRESPONSIVE],
    ),
    "says half a line and ends": (
        f"{saying(Asking(FIRST))}\nprintf '%s' '{{\"event\": \"fou'",
        [CRASH, UNRESPONSIVE, UNRESPONSIVE],
    ),
    "says half a line and stays": (
        f"{saying(Asking(FIRST))}\nprintf '%s' '{{\"event\": \"fou'\n{FOREVER}",
        [TIMEOUT, UNRESPONSIVE, UNRESPONSIVE],
    ),
    "says a line without end": (
        "exec tr '\\0' x </dev/zero",
        [CRASH, UNRESPONSIVE, UNRESPONSIVE],
    ),
    "keeps its output open in a child of its own": (
        f"{saying(Asking(FIRST))}\nsleep 5 &\nexit 0",
        [TIMEOUT, UNRESPONSIVE, UNRESPONSIVE],
    ),
    "answers one and is silent about the next": (
        f"{saying(Asking(FIRST), yes(FIRST), Asking(SECOND))}\n{FOREVER}",
        [None, TIMEOUT, UNRESPONSIVE],
    ),
    "answers one and dies of the next": (
        f"{saying(Asking(FIRST), yes(FIRST), Asking(SECOND))}\nkill -SEGV $$",
        [None, CRASH, UNRESPONSIVE],
    ),
    "answers and ends without a word": (
        saying(Asking(FIRST), yes(FIRST), Asking(SECOND), yes(SECOND)),
        [None, None, UNRESPONSIVE],
    ),
    "answers out of order": (
        f"{saying(yes(THIRD), yes(FIRST), Asking(SECOND))}\n{FOREVER}",
        [None, TIMEOUT, None],
    ),
    "answers all": (saying(*map(yes, ASKED), Done()), [None, None, None]),
    "answers all and stays": (
        f"{saying(*map(yes, ASKED), Done())}\n{FOREVER}",
        [None, None, None],
    ),
    "says it is done and is not": (
        saying(Asking(FIRST), yes(FIRST), Done()),
        [None, UNRESPONSIVE, UNRESPONSIVE],
    ),
    "answers what nobody asked": (
        saying(yes("no.such"), yes("rename.whiteout"), *map(yes, ASKED), Done()),
        [None, None, None],
    ),
    "asks what nobody asked and dies": (
        f"{saying(Asking('no.such'))}\nexit 1",
        [UNRESPONSIVE, UNRESPONSIVE, UNRESPONSIVE],
    ),
}


def children() -> list[psutil.Process]:
    """Our children; another test may have left multiprocessing's tracker."""
    found: list[psutil.Process] = psutil.Process().children()
    return found


@pytest.fixture
def untouched() -> Iterator[None]:
    """No descriptor is left open, no child left running or unwaited for."""
    before, around = descriptors(), children()
    yield
    assert descriptors() == before
    assert children() == around


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Observation]:
    """What is observed of each behaviour, all at once, because most of it is waiting."""

    def observe_one(behaviour: str) -> Observation:
        return watch(scenes[behaviour], str(scenes[behaviour] / "python"), timeout=1.0)

    scenes = {behaviour: tmp_path_factory.mktemp("scene") for behaviour in BEHAVIOURS}
    for behaviour, scene in scenes.items():  # all before the first is started: ETXTBSY
        (scene / "place").mkdir()
        impostor(scene, BEHAVIOURS[behaviour][0])
    before, around = descriptors(), children()
    with ThreadPoolExecutor(len(BEHAVIOURS)) as pool:
        seen = dict(zip(BEHAVIOURS, pool.map(observe_one, BEHAVIOURS)))
    assert descriptors() == before
    assert children() == around
    return seen


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_every_probe_is_accounted_for_whatever_the_worker_does(
    observed: dict[str, Observation], behaviour: str
) -> None:
    """The probe in flight crashed or timed out, the rest were not asked, nothing is made up."""
    _, expected = BEHAVIOURS[behaviour]
    assert reasons(observed[behaviour]) == expected


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("line", [b"rubbish", encode(Warned("w" * 99)), encode(Asking(FIRST))])
def test_a_flood_is_stopped_by_its_size_or_by_the_clock(scene: Path, line: bytes) -> None:
    program = impostor(scene, f"exec yes {shlex.quote(line.decode().strip())}")
    seen = watch(scene, program, deadline=1.0)
    assert reasons(seen)[0] in {CRASH, TIMEOUT}
    assert reasons(seen)[1:] == [UNRESPONSIVE, UNRESPONSIVE]


@pytest.mark.usefixtures("untouched")
def test_a_flood_is_stopped_by_its_size_where_there_is_time(scene: Path) -> None:
    """The caller's memory is not at the mercy of the worker."""
    program = impostor(
        scene, f"exec yes {shlex.quote(encode(Warned('w' * 9999)).decode().strip())}"
    )
    assert reasons(watch(scene, program, timeout=30, deadline=30))[0] is CRASH


def test_a_worker_that_says_done_is_believed_at_once(scene: Path) -> None:
    """Whatever it says after that is not taken in."""
    script = saying(*map(yes, ASKED), Done(), Warned("too late"))
    assert watch(scene, impostor(scene, script)).warnings == []


def test_what_a_crashing_worker_said_last_is_told(scene: Path) -> None:
    script = f"{saying(Asking(FIRST))}\necho first >&2\necho 'MemoryError: of sorts' >&2\nexit 1"
    seen = watch(scene, impostor(scene, script))
    assert "MemoryError: of sorts" in seen.findings[FIRST].detail
    assert seen.findings[FIRST].detail.isprintable()


@pytest.mark.parametrize(
    ("script", "told"), [("kill -SEGV $$", "killed by SIGSEGV"), ("exit 1", "ended")]
)
def test_the_signal_that_killed_a_worker_is_told(scene: Path, script: str, told: str) -> None:
    """As a sandbox's SIGSYS, or the SIGKILL of a kernel without memory."""
    seen = watch(scene, impostor(scene, f"{saying(Asking(FIRST))}\n{script}"))
    assert told in seen.findings[FIRST].detail
    assert f"{told} without an answer to {FIRST}" in seen.findings[SECOND].detail


def test_the_signal_that_we_kill_a_worker_with_is_not_told(scene: Path) -> None:
    program = impostor(scene, f"{saying(Asking(FIRST))}\nexec >&- 2>&-\n{FOREVER}")
    assert "SIGKILL" not in watch(scene, program).findings[FIRST].detail


def test_the_rest_is_told_which_probe_never_came_back(scene: Path) -> None:
    script = f"{saying(yes(FIRST), Asking(SECOND))}\n{FOREVER}"
    assert SECOND in watch(scene, impostor(scene, script)).findings[THIRD].detail


def test_a_probe_that_was_answered_is_not_blamed(observed: dict[str, Observation]) -> None:
    seen = observed["answers and ends without a word"]
    assert FIRST not in seen.findings[THIRD].detail
    assert SECOND not in seen.findings[THIRD].detail


class Clock:
    """Time that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """As of the module that this replaces."""
        return self.now


@pytest.mark.parametrize(
    ("deadline", "expected"), [(30, [None, None, None]), (9, [None, None, None]), (7, "deadline")]
)
def test_each_question_has_its_own_time(
    scene: Path, monkeypatch: pytest.MonkeyPatch, deadline: float, expected: Any
) -> None:
    """One that comes back in time leaves the next as much; the whole run has its own limit.

    Each takes four seconds of a clock of ours, and may take five.
    """
    clock = Clock()
    monkeypatch.setattr(listening, "time", clock)
    monkeypatch.setattr(supervisor, "time", clock)
    wait = f"while ! rm {scene}/go 2>&-; do :; done"
    script = "\n".join(f"{saying(Asking(name), yes(name))}\n{wait}" for name in ASKED[:-1])

    def answered(found: Finding) -> None:
        clock.now += 4 if found.probe != THIRD else 0
        if clock.now < 1000 + deadline:
            (scene / "go").touch()

    program = impostor(scene, f"{script}\n{saying(Asking(THIRD), yes(THIRD), Done())}\n{FOREVER}")
    seen = watch(scene, program, timeout=5, deadline=deadline, on_finding=answered)
    if expected != "deadline":
        assert reasons(seen) == expected
    else:
        assert reasons(seen) == [None, None, UNRESPONSIVE]
        assert expected in seen.findings[THIRD].detail


def test_what_was_said_in_time_is_heard_however_late(
    scene: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by who was stopped meanwhile (Ctrl-Z)."""
    clock = Clock()
    monkeypatch.setattr(listening, "time", clock)
    monkeypatch.setattr(supervisor, "time", clock)

    def stopped(found: Finding) -> None:
        if found.probe == FIRST:
            (scene / "go").touch()
            while not (scene / "said").exists():
                os.sched_yield()
            clock.now += 1000

    wait = f"until test -e {scene}/go; do :; done"
    rest = f"{saying(yes(SECOND), yes(THIRD), Done())}\ntouch {scene}/said"
    program = impostor(scene, f"{saying(yes(FIRST))}\n{wait}\n{rest}\n{FOREVER}")
    seen = watch(scene, program, timeout=5, deadline=20, on_finding=stopped)
    assert reasons(seen) == [None, None, None]


def test_what_is_said_when_time_is_up_is_not_heard_for_long(
    scene: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No longer than a pipe holds: a worker that says more and more has its end."""
    clock = Clock()
    monkeypatch.setattr(listening, "time", clock)
    monkeypatch.setattr(supervisor, "time", clock)
    worker = child.start("boot", impostor(scene, FOREVER))
    os.close(worker.events)
    worker.events, says = os.pipe()
    lines = listening._Lines(worker, supervisor.Progress(5, 20), lambda: None)
    clock.now += 1000
    heard = []
    for line in (b"late", b"too late"):
        os.write(says, line + b"\n")
        heard.append(next(lines))
    assert heard == [b"late", None]
    os.close(says)
    worker.dismiss()


def test_a_worker_that_only_warns_does_not_live_forever(scene: Path) -> None:
    script = f"while :; do {saying(Warned('still here'))}; sleep 0.05; done"
    seen = watch(scene, impostor(scene, script), timeout=0.3)
    assert reasons(seen) == [TIMEOUT, UNRESPONSIVE, UNRESPONSIVE]


def test_a_worker_that_hangs_in_a_store_costs_the_store_alone(scene: Path) -> None:
    """Everything was asked and cleaned up by then, so nothing is unknown or said to be left."""
    script = saying(Scratch("x"), *map(yes, ASKED), Looking())
    seen = watch(scene, impostor(scene, f"{script}\n{FOREVER}"), timeout=0.3)
    assert reasons(seen) == [None, None, None]
    assert seen.warnings == ["an engine's store was not looked at to the end (timeout)"]
    assert seen.store is None


def test_an_event_of_any_length_within_the_limit_is_understood(scene: Path) -> None:
    text = "w" * (LINE_LIMIT - 100)
    events = [encode(Warned(text)), *(encode(yes(name)) for name in ASKED), encode(Done())]
    (scene / "events").write_bytes(b"".join(events))
    seen = watch(scene, impostor(scene, f"exec cat {shlex.quote(str(scene / 'events'))}"))
    assert seen.warnings == [text]
    assert reasons(seen) == [None, None, None]


def test_an_event_beyond_the_limit_is_not(scene: Path) -> None:
    events = [encode(Warned("w" * LINE_LIMIT)), encode(yes(FIRST)), encode(Done())]
    (scene / "events").write_bytes(b"".join(events))
    seen = watch(scene, impostor(scene, f"exec cat {shlex.quote(str(scene / 'events'))}"))
    assert seen.warnings == []
    assert reasons(seen) == [CRASH, UNRESPONSIVE, UNRESPONSIVE]


def test_the_links_to_a_path_fit_into_an_event_whatever_they_are_called(scene: Path) -> None:
    """A character of four bytes takes twelve in JSON."""
    smile = "\U0001f600" * 60
    (scene / smile).mkdir()
    (scene / "39").symlink_to("place")
    for nth in range(39):
        (scene / str(nth)).symlink_to(f"{smile}/../" * 16 + str(nth + 1))
    seen = survey(scene / "0", only=[FIRST])
    assert seen.findings[FIRST].outcome is Outcome.YES
    assert len(seen.links) == 40
    assert seen.resolved == str(scene / "place")


def test_findings_are_handed_on_as_they_come(scene: Path) -> None:
    told: list[str] = []
    script = f"{saying(yes(SECOND), yes(FIRST), Asking(THIRD))}\n{FOREVER}"
    watch(scene, impostor(scene, script), on_finding=lambda found: told.append(found.probe))
    assert told == [SECOND, FIRST]


def test_who_waits_is_told_again_and_again_what_for(scene: Path) -> None:
    """The worker goes on only when its silence has been told of, first before any question."""
    told: list[str | None] = []

    def asking(probe: str | None) -> None:
        told.append(probe)
        if told[-2:] in ([None], [FIRST, FIRST]):
            (scene / "go").touch()

    wait = f"while ! rm {scene}/go 2>&-; do :; done"
    events = [Asking(FIRST)], [yes(FIRST), Asking(SECOND), yes(SECOND), yes(THIRD), Done()]
    first, rest = (saying(*some) for some in events)
    program = impostor(scene, f"{wait}\n{first}\n{wait}\n{rest}")
    seen = watch(scene, program, timeout=30, deadline=40, on_asking=asking)
    assert reasons(seen) == [None, None, None]
    assert list(dict.fromkeys(told)) == [None, FIRST, SECOND]


@pytest.mark.usefixtures("untouched")
def test_a_path_that_the_worker_cannot_ask_is_a_target_error(scene: Path) -> None:
    script = saying(Cannot("ESTALE", "Stale file handle"))
    with pytest.raises(TargetError) as caught:
        watch(scene, impostor(scene, script))
    assert caught.value.errno == "ESTALE"
    assert caught.value.path == str(scene / "place")
    assert "Stale file handle" in str(caught.value)


@pytest.mark.parametrize(
    "where", ["../precious", "{scene}/precious", "mine", "mine/precious", "empty", "marked"]
)
def test_nothing_but_a_scratch_directory_is_cleaned_up(scene: Path, where: str) -> None:
    """The cleaner is told a name by a process that may have gone mad: it must be one of ours."""
    event = Scratch(where.format(scene=scene))
    kept = ("precious/file", "place/mine/precious/file", "place/empty", "place/marked")
    for precious in kept:
        (scene / precious).mkdir(parents=True)
    (scene / "place/marked/marked").touch()
    request = shlex.quote(str(scene / "request"))
    program = impostor(
        scene,
        textwrap.dedent(f"""
        read -r request
        case $request in
        *'"event": "request"'*) {saying(event)}; exit 1;;
        esac
        printf '%s\\n' "$request" >{request}
        exec {shlex.quote(sys.executable)} "$@" <{request}
        """),
    )
    watch(scene, program, deadline=10)
    assert "cleaning" in (scene / "request").read_text()
    assert all((scene / precious).exists() for precious in kept)
    assert (scene / "place/marked/marked").exists()


# --- a worker that cannot be started --------------------------------------------------------


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("program", ["nowhere", ".", "plain", "nonsense"])
def test_a_worker_that_cannot_be_started_is_a_sandbox_error(scene: Path, program: str) -> None:
    (scene / "plain").touch(0o600)
    (scene / "nonsense").write_bytes(b"\x7fELF nonsense")
    (scene / "nonsense").chmod(0o700)
    with pytest.raises(SandboxError, match="could be started"):
        watch(scene, str(scene / program))


def test_without_a_python_one_is_asked_for(scene: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a program that embeds Python, where sys.executable is empty."""
    monkeypatch.setattr(sys, "executable", "")
    with pytest.raises(PlatformError, match="python="):
        survey(scene / "place")


def test_an_end_is_noticed_where_the_kernel_does_not_tell_of_it(
    scene: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No pidfd_open(2): before Linux 5.3, or in a container."""

    def refuse(_pid: int) -> int:
        raise OSError(errno.ENOSYS, "pidfd_open")

    monkeypatch.setattr(os, "pidfd_open", refuse, raising=False)
    before = set(psutil.Process().children())  # another test's, which nobody has waited for
    seen = watch(scene, impostor(scene, FOREVER))
    assert reasons(seen) == [TIMEOUT, UNRESPONSIVE, UNRESPONSIVE]
    assert seen.warnings == []
    assert set(psutil.Process().children()) <= before


def test_neither_process_loads_what_it_does_not_use(scene: Path) -> None:
    """dataclasses import two modules that cost as much as half of our own."""
    code = """
    import sys
    from fscaps import _defer
    _defer.imports_of_dataclasses()
    from fscaps._cli import main
    main(["--json", "-o", "/dev/null", sys.argv[1]])
    import fscaps._sandbox.worker
    loaded = (name for name in ("copy", "inspect", "typing") if name in sys.modules)
    print(*(name for name in loaded if type(sys.modules[name]) is type(sys)))
    """
    ended = execute([sys.executable, "-c", textwrap.dedent(code), str(scene / "place")])
    assert (ended.stdout, ended.stderr) == ("\n", "")


def test_a_frozen_application_is_no_python(scene: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would start itself; with an interpreter it works."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with pytest.raises(PlatformError, match=r"frozen.*python="):
        survey(scene / "place")
    probes.every()  # which are loaded from where we are
    monkeypatch.setattr(sys, "path", [SOURCE])  # nothing of a bundle is of use to an interpreter
    seen = survey(scene / "place", only=[FIRST], python=sys.executable)
    assert seen.findings[FIRST].outcome is Outcome.YES


def test_a_frozen_application_without_our_source_files(
    scene: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(child, "__file__", str(scene / "base_library/fscaps/_sandbox/child.pyc"))
    monkeypatch.setattr(sys, "path", [str(scene)])
    with pytest.raises(PlatformError, match="without the source files of fscaps"):
        child.start("boot", sys.executable)


@pytest.mark.parametrize("seconds", [3e6, 1e300])
def test_any_time_may_be_allowed(scene: Path, seconds: float) -> None:
    """More than poll(2) takes."""
    asked = [FIRST, "lock.flock"]  # the latter in another process
    report = survey(scene / "place", only=asked, timeout=seconds, deadline=seconds)
    assert {report.findings[name].outcome for name in asked} == {Outcome.YES}


# --- the caller is left as it was -----------------------------------------------------------


@pytest.mark.usefixtures("untouched")
def test_an_exception_of_the_caller_s_own_comes_through_and_leaves_nothing(scene: Path) -> None:
    """As Ctrl-C does: the worker is ended, its scratch directory removed."""

    def interrupted(_finding: Finding) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        survey(scene / "place", on_finding=interrupted)
    assert os.listdir(scene / "place") == []


def state() -> dict[str, object]:
    """All of this process that a library has no business with."""
    with open("/proc/self/status", encoding="ascii") as status:
        masks = [line for line in status if line.startswith(("Sig", "Umask", "Threads", "Cap"))]
    return {
        "environment": dict(os.environ),
        "directory": os.getcwd(),
        "masks": [line for line in masks if not line.startswith("SigQ")],
        "signals": [signal.getsignal(number) for number in range(1, signal.NSIG)],
        "namespaces": [os.readlink(f"/proc/self/ns/{kind}") for kind in ("mnt", "user", "pid")],
        "path": list(sys.path),
        "session": (os.getsid(0), os.getpgid(0)),
        "descriptors": descriptors(),
        "threads": threading.enumerate(),
    }


def test_the_caller_s_process_is_left_as_it_was(scene: Path) -> None:
    survey(scene / "place")  # what is imported once may stay
    before = state()
    survey(scene / "place")
    assert state() == before
    assert os.listdir(scene / "place") == []


def test_it_can_be_called_from_a_thread(scene: Path) -> None:
    outcomes: list[Outcome] = []

    def ask() -> None:
        seen = survey(scene / "place", only=[FIRST])
        outcomes.append(seen.findings[FIRST].outcome)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [Outcome.YES] * 3


SURVEY = """
import json, os, sys
import fscaps
{setup}
report = fscaps.survey({place!r}, roles=["docker/image"], mount="never")
answers = {{name: found.outcome.value for name, found in report.findings.items()}}
os.write({output}, json.dumps(answers).encode())
"""


def answers(place: Path, setup: str = "", output: int = 1, **options: Any) -> dict[str, str]:
    """What a process that first does this finds out about the place."""
    code = SURVEY.format(setup=setup, place=str(place), output=output)
    ended = python(code, **options)
    assert (ended.returncode, ended.stderr) == (0, "")
    found: dict[str, str] = json.loads(ended.stdout)
    return found


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What an ordinary process finds out about an ordinary directory."""
    return answers(tmp_path_factory.mktemp("ordinary"))


@pytest.mark.parametrize(
    "setup",
    [
        "import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN)",
        "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())",
        "import signal; signal.signal(signal.SIGPIPE, signal.SIG_DFL)",
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)",
        "os.close(0)",
        "os.umask(0o777)",
        "os.umask(0)",
        "os.chdir('/proc')",
        "os.environ.clear()",
        "os.environ.update({f'LONG{number}': 'x' * 100_000 for number in range(40)})",
        "sys.path += [3, None, b'/nowhere']",
        "os.environ.update(PYTHONHOME='/nowhere', PYTHONPATH='/nowhere')",
        "os.environ.update(PYTHONWARNINGS='error', PYTHONDEVMODE='1', PYTHONVERBOSE='2')",
        "os.environ.update(PYTHONIOENCODING='utf-16', PYTHONUNBUFFERED='', LC_ALL='C')",
        "import locale; locale.setlocale(locale.LC_ALL, '')",
        "import resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0))",
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))",
        "sys.stdout = sys.stderr = None",
        "sys.path.insert(0, '')",
    ],
)
def test_the_caller_s_own_settings_change_no_answer(
    scene: Path, ordinary: dict[str, str], setup: str
) -> None:
    assert answers(scene / "place", setup) == ordinary
    assert os.listdir(scene / "place") == []


def test_all_standard_descriptors_may_be_closed(scene: Path, ordinary: dict[str, str]) -> None:
    reader, writer = os.pipe()
    try:
        code = SURVEY.format(
            setup="for fd in range(3): os.close(fd)", place=str(scene / "place"), output=writer
        )
        ended = python(code, pass_fds=(writer,))
        os.close(writer)
        found = json.loads(os.read(reader, 65536))
    finally:
        os.close(reader)
    assert ended.returncode == 0
    assert found == ordinary


def test_the_worker_has_none_of_the_caller_s_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who it may become (--as USER) could read it."""
    monkeypatch.setenv("PASSWORD", "secret")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/nowhere")
    worker = child.start("boot")
    try:
        while not (text := Path(f"/proc/{worker.pid}/environ").read_bytes()):
            os.sched_yield()  # the kernel is still loading it
        names = {line.partition(b"=")[0] for line in text.split(b"\0") if line}
        assert names == {b"PATH", b"LD_LIBRARY_PATH"}
    finally:
        worker.dismiss()


def test_a_worker_that_has_died_is_no_sigpipe(scene: Path) -> None:
    """To a caller that leaves that signal as it is at first, which is death."""
    code = f"""
    import signal, fscaps
    from fscaps._sandbox import child
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    worker = child.start("boot", "/bin/false")
    assert worker.wait(60)
    found = fscaps.survey({str(scene / "place")!r}, only=[{FIRST!r}], worker=worker).findings
    print(found[{FIRST!r}].reason.value)
    """
    ended = python(code)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "crash\n", "")


def test_a_request_that_a_pipe_does_not_hold(scene: Path) -> None:
    """As of a user with very many pipes (pipe(7)); and to a worker that has died."""
    request = b"x" * 60_000
    for program, taken in ((f"exec cat >{scene}/taken", len(request)), ("exit 0", 0)):
        worker = child.start("boot", impostor(scene, program))
        fcntl.fcntl(worker._requests[1], _SETPIPE_SZ, 4096)
        worker.ask(request)
        assert worker.wait(60)
        worker.end(1)
        assert not taken or (scene / "taken").stat().st_size == taken


def test_a_start_that_fails_leaves_no_descriptor(scene: Path) -> None:
    """At each of those that it takes."""
    code = f"""
    import os, resource, fscaps
    def held(): return os.listdir("/proc/self/fd")[:-1]
    def ask(): fscaps.survey({str(scene / "place")!r}, only=[{FIRST!r}])
    ask()
    before, failed = held(), 0
    for more in range(10):
        resource.setrlimit(resource.RLIMIT_NOFILE, (len(before) + more, 4096))
        try: ask()
        except fscaps.SandboxError: failed += 1
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
        assert held() == before, (more, held())
    print(failed > 3)
    """
    ended = python(code)
    assert (ended.stdout, ended.stderr) == ("True\n", "")


def test_nothing_is_imported_from_the_directory_probed(scene: Path) -> None:
    """A caller that guards itself against that (python -I) is not let down by the worker."""
    files = ["_ctypes.py", "ctypes.py", "enum.py", "fscaps.py", "json.py", "secrets.py", "xattr.py"]
    for name in files:
        (scene / "place" / name).write_text("import os; os._exit(1)\n")
    code = f"""
    import sys
    sys.path[:0] = {[SOURCE, *filter(None, sys.path)]!r}
    import fscaps
    print(fscaps.survey(".", only=[{FIRST!r}]).findings[{FIRST!r}].outcome.value)
    """
    arguments = [sys.executable, "-I", "-c", textwrap.dedent(code)]
    ended = execute(arguments, cwd=scene / "place")
    assert (ended.stdout, ended.stderr) == ("yes\n", "")
    assert sorted(os.listdir(scene / "place")) == files


# --- the scratch directory ------------------------------------------------------------------


def saboteur(scene: Path, sabotage: str) -> str:
    """A Python in which the worker's answer to SECOND is this; a cleaner works as ever."""
    path = scene / "python"
    path.write_text(
        f"#!{sys.executable} -IS\n"
        + textwrap.dedent(f"""
        import importlib, os, signal, sys
        at = sys.argv.index("-c")
        boot, sys.argv = sys.argv[at + 1], ["-c", *sys.argv[at + 2 :]]
        sys.path[:] = sys.argv[2:]
        package = sys.argv[1].rpartition(".")[0]
        worker = importlib.import_module(f"{{package}}.worker")
        ask = worker.ask
        def sabotaged(probe, area):
            if probe.id == {SECOND!r}:
                area.scratch.write("left", b"behind")
                area.scratch.mkdir("below").close()
                {sabotage}
            return ask(probe, area)
        worker.ask = sabotaged
        exec(boot)
        """)
    )
    path.chmod(0o700)
    return str(path)


@pytest.mark.parametrize(
    ("sabotage", "reason"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", CRASH),
        ("os.abort()", CRASH),
        ("os._exit(0)", CRASH),
        ("signal.pause()", TIMEOUT),
        ("os.kill(os.getpid(), signal.SIGSTOP)", TIMEOUT),
    ],
)
def test_a_worker_that_is_killed_leaves_no_scratch_directory(
    scene: Path, sabotage: str, reason: Reason
) -> None:
    seen = watch(scene, saboteur(scene, sabotage), timeout=1.5, deadline=20.0)
    assert reasons(seen) == [None, reason, UNRESPONSIVE]
    assert os.listdir(scene / "place") == []
    assert seen.warnings == []


def test_a_worker_whose_probe_raises_goes_on_with_the_next(scene: Path) -> None:
    sabotage = 'object.__setattr__(probe, "ask", lambda area: 1 / 0)'
    seen = watch(scene, saboteur(scene, sabotage), timeout=5.0, deadline=20.0)
    assert reasons(seen) == [None, CRASH, None]
    assert "ZeroDivisionError" in seen.findings[SECOND].detail
    assert os.listdir(scene / "place") == []


def test_what_the_worker_cannot_remove_is_removed_after_it(scene: Path) -> None:
    """As where it keeps it busy itself, by a mount that it may not undo."""
    refused = "worker.scratch.remove = worker.scratch.remove_by_name = lambda *_: os.rmdir('/')"
    seen = watch(scene, saboteur(scene, refused), timeout=5.0, deadline=20.0)
    assert reasons(seen) == [None, None, None]
    assert os.listdir(scene / "place") == []
    assert seen.warnings == []


@pytest.mark.parametrize("killed", [True, False])
def test_why_a_scratch_directory_stays_is_told(
    scene: Path,
    killed: bool,  # noqa: FBT001 - a parameter
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also by a worker that SIGKILL does not end, which is only said of this one."""
    end = supervisor._end
    monkeypatch.setattr(supervisor, "_end", lambda *given: end(*given) and killed)
    name = ".fscaps-0-0-0-0-0000000000000000"
    events: list[Event] = [Scratch(name), *map(yes, ASKED), Left("rmdir: busy"), Looking(), Done()]
    script = f"""
    read -r request
    case $request in
    *'"event": "request"'*) {saying(*events)}; exit;;
    esac
    exit 1
    """
    seen = watch(scene, impostor(scene, script))
    place = scene / "place"
    assert seen.warnings == [
        f"the scratch directory {name} was left behind in {place} (rmdir: busy)"
    ]


def test_a_scratch_directory_that_stays_is_named(scene: Path) -> None:
    """Where not even the cleaner comes back."""
    name = ".fscaps-0-0-0-0-0000000000000000"
    (scene / "place" / name).mkdir()
    script = f"""
    read -r request
    case $request in
    *'"event": "request"'*) {saying(Scratch(name), Asking(FIRST))}; exit 1;;
    esac
    {FOREVER}
    """
    seen = watch(scene, impostor(scene, script))
    assert any(name in warning for warning in seen.warnings)


def test_a_cleaner_that_cannot_be_started_costs_no_finding(scene: Path) -> None:
    name = ".fscaps-0-0-0-0-0000000000000000"
    script = f'rm "$0"\n{saying(Scratch(name), yes(FIRST), Asking(SECOND))}\nexit 1'
    seen = watch(scene, impostor(scene, script))
    assert reasons(seen) == [None, CRASH, UNRESPONSIVE]
    assert seen.warnings == [f"the scratch directory {name} was left behind in {scene / 'place'}"]


def test_who_else_has_the_pipe_of_the_request_does_not_matter(scene: Path) -> None:
    """A child that another thread has forked meanwhile keeps all that was open."""
    worker = child.start("boot")
    held = os.dup(worker._requests[1])
    try:
        seen = watch(scene, sys.executable, worker=worker, timeout=20.0, deadline=20.0)
    finally:
        os.close(held)
    assert reasons(seen) == [None, None, None]


def test_helpers_of_the_worker_s_die_with_it(scene: Path) -> None:
    """A helper is the process in which a call may block; see _linux/processes.py."""
    told = str(scene / "helper")
    sabotage = (
        "from fscaps._linux.processes import in_helper; in_helper("
        f"lambda: os.symlink(str(os.getpid()), {told!r}) or signal.pause(), 50)"
    )
    seen = watch(scene, saboteur(scene, sabotage), timeout=1.5, deadline=20.0)
    assert reasons(seen) == [None, TIMEOUT, UNRESPONSIVE]
    await_end(int(os.readlink(told)))


def test_all_of_the_worker_s_group_are_killed(scene: Path) -> None:
    """Also who has lost what PR_SET_PDEATHSIG set: a setuid program."""
    script = f"exec setsid sh -c 'sleep 600 >&- 2>&- & echo $! >{scene}/helper; exec sleep 600'"
    assert reasons(watch(scene, impostor(scene, script)))[0] is TIMEOUT
    await_end(int((scene / "helper").read_text()))


def test_who_cannot_be_killed_is_named_without_psutil(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a copy that was taken along without it."""
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert re.fullmatch(
        rf"process {os.getpid()} cannot be killed \(state R.*\) and was left behind",
        supervisor._stuck(os.getpid()),
    )


def test_who_is_gone_by_the_time_it_is_named_was_not_left_behind(
    scene: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a slow machine, where to find out what it waits for takes longer than its end."""

    def give_up(worker: child.Child, _: float) -> bool:
        os.kill(worker.pid, signal.SIGKILL)
        return False

    def name_late(pid: int) -> str:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        return "named"

    monkeypatch.setattr(child.Child, "end", give_up)
    monkeypatch.setattr(supervisor, "_stuck", name_late)
    seen = watch(scene, impostor(scene, "sleep 600"))
    assert seen.warnings == []


@pytest.mark.parametrize("sabotage", ["pass", "signal.pause()"], ids=["goes on", "hangs"])
def test_the_worker_dies_with_its_parent(scene: Path, sabotage: str) -> None:
    """And what is left of the scratch directory is swept by the next run."""
    code = f"""
    import os, signal, fscaps
    def told(finding):
        me = os.getpid()
        with open(f"/proc/{{me}}/task/{{me}}/children") as children:
            print(children.read(), flush=True)
        os.kill(me, signal.SIGKILL)
    place, python = {str(scene / "place")!r}, {saboteur(scene, sabotage)!r}
    fscaps.survey(place, only={[FIRST, SECOND]!r}, on_finding=told, python=python)
    """
    ended = python(code)
    assert ended.returncode == -signal.SIGKILL
    (pid,) = map(int, ended.stdout.split())
    await_end(pid)
    survey(scene / "place", only=[FIRST])
    assert os.listdir(scene / "place") == []


def test_every_subject_can_be_asked_of_a_plain_directory(scene: Path) -> None:
    """No probe leaves anything, and each answer that is unknown says why."""
    report = survey(scene / "place", deadline=60.0)
    assert set(report.findings) == set(probes.every())
    for one in report.findings.values():
        assert (one.reason is not None) == (one.outcome is Outcome.UNKNOWN)
        assert one.reason not in {CRASH, TIMEOUT, UNRESPONSIVE}
    assert report.warnings == ()
    assert os.listdir(scene / "place") == []


def test_who_could_not_be_killed_is_reaped_when_the_next_starts(
    scene: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No zombie stays with a caller who goes on asking."""
    stuck = child.start("boot", impostor(scene, FOREVER))
    monkeypatch.setattr(stuck, "_kill", lambda: None)  # who waits in the kernel does not heed it
    assert not stuck.end(0.01)
    os.kill(stuck.pid, signal.SIGKILL)
    os.waitid(os.P_PID, stuck.pid, os.WEXITED | os.WNOWAIT)
    child.start("boot").dismiss()
    with pytest.raises(ChildProcessError):
        os.waitpid(stuck.pid, os.WNOHANG)


def test_a_child_that_has_got_the_number_of_one_left_behind_is_not_reaped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    monkeypatch.setitem(child._left, pid, "0")
    child.start("boot").dismiss()
    assert os.waitpid(pid, os.WNOHANG) == (pid, 0)
    assert pid not in child._left
