"""The program that calls fscaps: crowded, crippled, confined, or many at once.

Each case is a program of its own; it prints what it got, and the answer must be the right one.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import textwrap
import zipapp
from pathlib import Path
from typing import Any

import pytest

import fscaps

SOURCE = Path(fscaps.__file__).parent
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="takes root")

pytestmark = pytest.mark.timeout(300)

ASK = """
import fscaps
def ask(place):
    report = fscaps.survey(place, only=["directory.[!m]*", "lock.*", "owner.chmod"], mount="never")
    assert not report.warnings, report.warnings
    return {name: one.outcome.value for name, one in report.findings.items() if one.seconds}
"""

RIGHT = {
    **dict.fromkeys(("directory.writable", "directory.d_type", "directory.inode"), "yes"),
    **dict.fromkeys(("directory.block", "directory.distinct"), "yes"),
    **dict.fromkeys(("directory.changeable", "directory.open_unlink", "owner.chmod"), "yes"),
    **dict.fromkeys(("lock.flock", "lock.posix", "lock.ofd"), "yes"),
}


def run(code: str, place: Path, *options: str, path: Path = SOURCE.parent, **more: Any) -> Any:
    """What the program got."""
    out = place.parent / "out"
    program = f"{ASK}\nimport json, sys\nplace = {str(place)!r}\n{textwrap.dedent(code)}\n"
    program += f"open({str(out)!r}, 'w').write(json.dumps(got))"
    done = subprocess.run(
        [sys.executable, *options, "-c", program],
        env={"PATH": os.defpath, "PYTHONPATH": str(path)},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        **more,
    )
    assert out.exists(), done.stderr
    assert os.listdir(place) == []
    return json.loads(out.read_text())


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory to probe."""
    place = tmp_path / "place"
    place.mkdir()
    return place


CASES = {
    "as it is": "got = ask(place)",
    "without standard input, output and error": """
        import os
        for fd in range(3): os.close(fd)
        got = ask(place)
        assert [fd for fd in range(20) if os.path.exists(f'/proc/self/fd/{fd}')] == []
    """,
    "ignoring SIGCHLD": """
        import signal
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        got = ask(place)
    """,
    "with every signal blocked": """
        import signal
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
        got = ask(place)
    """,
    "with umask 0777": """
        import os
        os.umask(0o777)
        got = ask(place)
        assert os.umask(0) == 0o777
    """,
    "with umask 0": """
        import os
        os.umask(0)
        got = ask(place)
    """,
    "in a directory that was removed": """
        import os, tempfile
        os.chdir(tempfile.mkdtemp()); os.rmdir(os.getcwd())
        got = ask(place)
    """,
    "with 16 descriptors at most": """
        import resource
        resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
        got = ask(place)
    """,
    "with no descriptor below 200 free": """
        import os, resource
        resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300))
        held = [os.open('/dev/null', os.O_RDONLY) for _ in range(200)]
        got = ask(place)
    """,
    "with file sizes limited to 1 MiB": """
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        got = ask(place)
    """,
    "with 512 MiB of address space": """
        import resource
        resource.setrlimit(resource.RLIMIT_AS, (512 << 20, 512 << 20))
        got = ask(place)
    """,
    "in a thread beside 50 others": """
        import threading
        done = threading.Event()
        others = [threading.Thread(target=done.wait) for _ in range(50)]
        for one in others: one.start()
        box = []
        asking = threading.Thread(target=lambda: box.append(ask(place)))
        asking.start(); asking.join(); done.set()
        got = box[0]
    """,
    "that reaps orphans, and has a child of its own": """
        import ctypes, os
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # as process 1 of a container does
        own = os.spawnv(os.P_NOWAIT, '/bin/true', ['true'])
        os.waitid(os.P_PID, own, os.WEXITED | os.WNOWAIT)
        got = ask(place)
        whole = fscaps.survey(place)
        assert open(f'/proc/self/task/{os.getpid()}/children').read().split() == [str(own)]
        assert os.waitpid(own, 0) == (own, 0)
    """,
    "whose parent reaps orphans": """
        import ctypes, os
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
        caller = os.fork()
        if caller == 0:
            whole = fscaps.survey(place)
            os._exit(len(whole.warnings))
        assert os.waitpid(caller, 0) == (caller, 0)
        assert open(f'/proc/self/task/{os.getpid()}/children').read() == ''
        got = ask(place)
    """,
    "that reaps orphans, and whose worker is killed": """
        import ctypes, os, signal
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
        def children(): return open(f'/proc/self/task/{os.getpid()}/children').read().split()
        def kill(found):
            if found.probe == 'lock.flock':  # whose helpers are still there
                os.kill(int(*children()), signal.SIGKILL)
        fscaps.survey(place, only=['lock.*'], on_finding=kill)
        assert children() == []
        got = ask(place)
    """,
    "that may gain no privileges": """
        import ctypes
        ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)
        got = ask(place)
    """,
    "whose environment is empty": """
        import os
        os.environ.clear()
        got = ask(place)
    """,
}


@pytest.mark.parametrize("case", CASES)
def test_a_program(place: Path, case: str) -> None:
    """The right answers, whatever the program is like."""
    assert run(CASES[case], place) == RIGHT


@pytest.mark.parametrize(
    "options", [("-W", "error"), ("-O",), ("-OO",), ("-X", "dev", "-W", "error")]
)
def test_an_interpreter(place: Path, options: tuple[str, ...]) -> None:
    """Warnings as errors, no assertions, no docstrings, the development mode."""
    assert run(CASES["as it is"], place, *options) == RIGHT


def test_a_zipapp(tmp_path: Path, place: Path) -> None:
    """Imported from a zip file."""
    shutil.copytree(SOURCE, tmp_path / "copy" / "fscaps", ignore=shutil.ignore_patterns("*.pyc"))
    zipapp.create_archive(tmp_path / "copy", tmp_path / "all.pyz", main="fscaps._cli:main")
    assert run(CASES["as it is"], place, path=tmp_path / "all.pyz") == RIGHT


def test_a_vendored_copy(tmp_path: Path, place: Path) -> None:
    """Under another name, inside another package."""
    vendor = tmp_path / "copy" / "engine" / "_vendor"
    shutil.copytree(SOURCE, vendor / "fscaps")
    for package in (vendor, vendor.parent):
        (package / "__init__.py").touch()
    code = """
        import sys, engine._vendor.fscaps as fscaps
        sys.modules['fscaps'] = fscaps
        got = ask(place)
    """
    assert run(code, place, path=tmp_path / "copy") == RIGHT


@pytest.mark.parametrize("places", [1, 200])
def test_200_surveys_at_once(place: Path, places: int) -> None:
    """On one path, and on as many; nobody sweeps another's, and no descriptor leaks."""
    code = f"""
        import os, concurrent.futures
        import fscaps
        before = sorted(os.listdir('/proc/self/fd'))
        paths = [f'{{place}}/{{number % {places}}}' for number in range(200)]
        for path in set(paths): os.mkdir(path)
        def one(path):
            asked = dict(only=['directory.[!m]*', 'owner.*'], mount='never')
            report = fscaps.survey(path, **asked, timeout=60, deadline=200)
            asked = [one for one in report.findings.values() if one.seconds]
            return [*report.warnings, *(str(one) for one in asked if one.outcome.value != 'yes')]
        with concurrent.futures.ThreadPoolExecutor(200) as pool:
            wrong = [text for texts in pool.map(one, paths) for text in texts]
        left = [name for path in set(paths) for name in os.listdir(path)]
        for path in set(paths): os.rmdir(path)
        got = wrong + left
        assert sorted(os.listdir('/proc/self/fd')) == before
    """
    assert run(code, place) == []


CONFINED = {
    "without any capability": ("setpriv", "--bounding-set=-all", "--inh-caps=-all"),
    "without CAP_SYS_ADMIN": ("setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"),
    "in a user namespace": ("unshare", "--user", "--map-root-user"),
    "in a pid namespace": ("unshare", "--pid", "--fork", "--mount-proc"),
}
NEED_SYS_ADMIN = ("xattr.trusted", "overlay.upper", "overlay.whiteout", "loop.device", "loop.ext4")
NEED_MORE = (*NEED_SYS_ADMIN, "owner.chown", "node.device")
FORBIDDEN = {
    "without any capability": NEED_MORE,
    "without CAP_SYS_ADMIN": NEED_SYS_ADMIN,
    "in a user namespace": NEED_MORE,  # with one id in it
    "in a pid namespace": (),
}
"""What capabilities(7) and user_namespaces(7) forbid there, so that nobody can know of it."""


@ROOT
@pytest.mark.parametrize("how", CONFINED)
def test_confined(place: Path, how: str) -> None:
    """As in a container: what may not be tried is unknown, all else is told as it is told outside.

    No traceback, nothing left.
    """
    done = subprocess.run(
        [*CONFINED[how], sys.executable, "-m", "fscaps", "--json", str(place)],
        env={"PATH": os.defpath, "PYTHONPATH": str(SOURCE.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    report = fscaps.load(done.stdout)
    whole = fscaps.survey(place).findings
    assert all(whole[name].outcome is fscaps.Outcome.YES for name in FORBIDDEN[how])
    for name, one in report.findings.items():
        assert one.outcome in (fscaps.Outcome.UNKNOWN, whole[name].outcome), one
    for name in FORBIDDEN[how]:
        assert report.findings[name].outcome is fscaps.Outcome.UNKNOWN, name
    assert os.listdir(place) == []


@pytest.mark.parametrize("limit", [16, 18, 20])
def test_with_few_descriptors_nothing_is_left(place: Path, limit: int) -> None:
    """Those that probes keep open are closed before the scratch directory is emptied."""
    code = f"""
        import resource, fscaps
        resource.setrlimit(resource.RLIMIT_NOFILE, ({limit}, {limit}))
        got = fscaps.survey(place).warnings
    """
    assert run(code, place) == []


@ROOT
def test_a_program_whose_children_are_in_a_pid_namespace(place: Path) -> None:
    """It is not in there itself, so they see no parent, and /proc tells them of others."""
    code = """
        import ctypes
        assert not ctypes.CDLL(None).unshare(0x20000000)
        got = ask(place)
    """
    assert run(code, place) == RIGHT


@pytest.mark.parametrize(
    ("refused", "reason"),
    [(errno.EPERM, fscaps.Reason.PRIVILEGE), (errno.ENOSYS, fscaps.Reason.KERNEL)],
)
def test_where_no_namespace_can_be_made(place: Path, refused: int, reason: fscaps.Reason) -> None:
    """As in a chroot, or by a container's filter (seccomp): that is told, and nobody crashes."""
    code = f"""
        import ctypes, os, struct
        number = {{"x86_64": 272, "aarch64": 97}}[os.uname().machine]  # unshare(2)
        ends = (6, 0, 0, {0x50000 | refused}), (6, 0, 0, 0x7FFF0000)  # SECCOMP_RET_ERRNO, …_ALLOW
        rules = (0x20, 0, 0, 0), (0x15, 0, 1, number), *ends
        code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *rule) for rule in rules))
        libc = ctypes.CDLL(None)
        program = struct.pack("@HP", len(rules), ctypes.addressof(code))
        assert libc.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
        assert libc.prctl(22, 2, ctypes.c_char_p(program), 0, 0) == 0  # PR_SET_SECCOMP
        asked = dict(only=["rootless.*", "overlay.*", "loop.overlay"])
        found = fscaps.survey(place, **asked).findings.values()
        got = [[one.probe, one.reason and one.reason.value, one.errno] for one in found]
    """
    got = {probe: tuple(why) for probe, *why in run(code, place)}
    assert "crash" not in {why for why, _ in got.values()}
    if os.geteuid() == 0:
        assert got["rootless.files"] == (reason.value, errno.errorcode[refused])
    if got["loop.ext4"] == (None, None):
        assert got["loop.overlay"] == (reason.value, errno.errorcode[refused])


@ROOT
def test_without_proc(place: Path) -> None:
    """Nothing is claimed, and the report says what is missing."""
    script = f"umount -l /proc; exec {sys.executable} -m fscaps --json {place}"
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script],
        env={"PATH": os.defpath, "PYTHONPATH": str(SOURCE.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    report = fscaps.load(done.stdout)
    assert {one.outcome for one in report.findings.values()} == {fscaps.Outcome.UNKNOWN}
    assert any("/proc" in one.detail for one in report.findings.values())
