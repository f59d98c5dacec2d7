"""What the worker may do, and what it never does, as the kernel sees it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import fscaps
from fscaps._linux import confined
from fscaps._linux.directory import Directory
from fscaps.probes import mode
from lab import user

from . import interception, trial
from .places import CALLER, STARTING, WORKER

if TYPE_CHECKING:
    from .interception import Call, Watch
    from .places import Place

pytestmark = pytest.mark.skipif(not interception.available(), reason="no seccomp_unotify(2) here")

NOBODY = 65534
MOUNTING = {"mount", "fsopen", "fsconfig", "fsmount", "move_mount", "open_tree"}
NEVER = {
    *("init_module", "finit_module", "delete_module", "kexec_load", "reboot", "swapon", "ptrace"),
    *("settimeofday", "clock_settime", "bpf", "iopl", "ioperm", "setns", "pivot_root"),
    *("connect", "chmod", "chown", "mknod", "unlink", "rmdir", "rename"),  # by path: never
}
# linux/capability.h
DROPPED = {
    "SETPCAP": 8,
    "NET_ADMIN": 12,
    "NET_RAW": 13,
    "SYS_MODULE": 16,
    "SYS_RAWIO": 17,
    "SYS_PTRACE": 19,
    "SYS_BOOT": 22,
    "SYS_NICE": 23,
    "SYS_TIME": 25,
    "AUDIT_WRITE": 29,
    "SYSLOG": 34,
    "BPF": 39,
    "CHECKPOINT_RESTORE": 40,
}


def asked(path: Path, **options: Any) -> set[str]:
    """The names of the calls that a survey makes in its own processes."""
    names: set[str] = set()

    def note(_watch: Watch, call: Call, _place: Place) -> bool:
        changes_none = call.name == "mount" and not call.text(2)  # what is seen of them, that is
        if call.process != CALLER and not changes_none:
            names.add(call.name)
        return False

    assert trial.attempt(str(path), note, **options).report is not None
    return names


def test_nothing_is_mounted_where_that_is_forbidden(tmp_path: Path) -> None:
    """Nor is a file system opened, which alone would have the kernel load its module."""
    assert MOUNTING & asked(tmp_path)
    assert not MOUNTING & asked(tmp_path, mount="never")


def test_what_is_never_asked_of_the_kernel(tmp_path: Path) -> None:
    """No module, no other's process, nothing by a path that somebody could change."""
    assert not NEVER & asked(tmp_path)


def test_the_worker_stands_in_nobody_s_directory(tmp_path: Path) -> None:
    """One that is left behind must not keep a file system from being unmounted."""
    places: set[str] = set()

    def look(_watch: Watch, call: Call, _place: Place) -> bool:
        if call.process == WORKER:
            places.add(os.readlink(f"/proc/{call.pid}/cwd"))
        return False

    assert trial.attempt(str(tmp_path), look, only=["directory.*"]).report is not None
    assert places == {"/"}


def test_who_it_becomes_is_given_nothing_of_root_s_to_see(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither where root stands nor its environment, from the moment on when he may look."""
    (tmp_path / "closed/open").mkdir(parents=True)
    (tmp_path / "closed").chmod(0o700)
    monkeypatch.chdir(tmp_path / "closed/open")
    monkeypatch.setenv("PASSWORD", "secret")
    seen: set[tuple[str, bool]] = set()

    def look(_watch: Watch, call: Call, _place: Place) -> bool:
        own = Path(f"/proc/{call.pid}")
        if call.process in (STARTING, WORKER) and own.stat().st_uid == NOBODY:
            secret = b"PASSWORD" in (own / "environ").read_bytes()
            seen.add((os.readlink(own / "cwd"), secret))
        return False

    trial.attempt("/", look, user=NOBODY, only=["directory.writable"])
    assert seen == {("/", False)}


def test_a_relative_path_is_asked_as_somebody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """He stands in / then, and finds it as he would by its whole path."""
    (tmp_path / "his").mkdir()
    user.let_pass(tmp_path / "his")
    (tmp_path / "his").chmod(0o777)
    monkeypatch.chdir(tmp_path)
    report = fscaps.survey("his", user=NOBODY, only=["directory.writable"])
    assert report.resolved == str(tmp_path / "his")
    assert report.findings["directory.writable"].outcome is fscaps.Outcome.YES


def test_what_no_probe_takes_is_given_up(tmp_path: Path) -> None:
    """By the time the path is touched."""
    held: list[int] = []

    def look(_watch: Watch, call: Call, _place: Place) -> bool:
        if call.process == WORKER and not held:
            status = Path(f"/proc/{call.pid}/status").read_text()
            held.extend(int(found, 16) for found in re.findall(r"Cap(?:Prm|Eff):\s*(\w+)", status))
        return False

    assert trial.attempt(str(tmp_path), look).report is not None
    assert len(held) == 2
    assert not [name for name, bit in DROPPED.items() if any(one >> bit & 1 for one in held)]


def test_what_is_executed_has_no_capability() -> None:
    """Be it root who executes it, and be it setuid."""
    code = "import os; from fscaps._linux import processes as own; own.drop_capabilities()"
    cat = "; os.execv('/bin/cat', ['cat', '/proc/self/status'])"
    inheriting = ["setpriv", "--inh-caps=+chown", sys.executable]
    done = subprocess.run([*inheriting, "-c", code + cat], capture_output=True, check=True)
    held = re.findall(r"Cap\w+:\s*(\w+)", done.stdout.decode())
    assert len(held) == 5
    assert {int(one, 16) for one in held} == {0}


# What somebody may put in our program's place, without a library: system calls alone.
CALL = """
static long call(long n, long a, long b, long c, long d, long e, long f) {
    long result;
    register long r10 __asm__("r10") = d; register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall" : "=a"(result) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
                     "r"(r9) : "rcx", "r11", "memory");
    return result;
}
"""
PROGRAMS = {
    # name: (what it does, how it ends)
    "ends": ("", 7),
    "takes memory": (
        """
        char *all = (char *)call(9, 0, 1L << 40, 3, 0x4022, -1, 0);
        all[0] = 1;
        """,
        -signal.SIGSEGV,
    ),
    "executes another": ("call(59, (long)OTHER, 0, 0, 0, 0, 0);", -signal.SIGSYS),
    "executes another by execveat": (
        "call(322, -100, (long)OTHER, 0, 0, 0, 0);",
        -signal.SIGSYS,
    ),
    "executes another by our descriptor": (
        "for (long fd = 0; fd < 99; fd++) call(322, fd, (long)OTHER, 0, 0, 0x1000, 0);",
        -signal.SIGSYS,
    ),
    "calls by the numbers of 32 bits, where 1 is exit": (
        """
        long one = 1;
        __asm__ volatile("int $0x80" : "+a"(one) : "b"(9L) : "memory");
        """,
        -signal.SIGSYS,
    ),
    "calls by the numbers of x32": ("call(0x40000000 + 60, 9, 0, 0, 0, 0, 0);", -signal.SIGSYS),
    "sleeps": ("call(34, 0, 0, 0, 0, 0, 0);", -signal.SIGSYS),
    "takes all time": ("for (;;);", -signal.SIGALRM),
}


@pytest.mark.skipif(not shutil.which("gcc"), reason="no gcc")
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="it is in the words of x86-64")
@pytest.mark.parametrize("what", PROGRAMS)
def test_a_program_of_somebody_else_s_is_confined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """It may spend the time that it is given, and nothing else."""
    monkeypatch.setattr(confined, "_SECONDS", 1)
    monkeypatch.setattr(confined, "_CPU_SECONDS", 30)
    does, ending = PROGRAMS[what]
    for name, work, status in (("other", "", 9), ("program", does, 7)):
        body = f"void _start(void) {{ {work} call(60, {status}, 0, 0, 0, 0, 0); }}"
        (tmp_path / f"{name}.c").write_text(CALL + body)
        build = ["gcc", "-nostdlib", "-static", "-O1", f'-DOTHER="{tmp_path}/other"']
        subprocess.run([*build, "-o", name, f"{name}.c"], cwd=tmp_path, check=True)
    here = Directory(os.open(tmp_path, os.O_PATH))
    with here, here.file("program", os.O_PATH) as program:
        assert confined.execute(program).status == ending


def test_a_link_is_not_executed(tmp_path: Path) -> None:
    """Somebody may have put it in our program's place."""
    (tmp_path / "link").symlink_to("/bin/true")
    with Directory(os.open(tmp_path, os.O_PATH)) as here, pytest.raises(OSError, match="symbolic"):
        mode.run(here, "link")
