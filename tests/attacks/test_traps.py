"""What a neighbour has in the probed directory for root to delete, and no race is needed for it.

He owns the probed directory, so he can rename what root makes there, for as long as a survey takes,
and put something else in its place.
"""

from __future__ import annotations

import errno
import os
import struct
import subprocess
import sys
import textwrap
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from unit.running import execute

import fscaps
from fscaps import Outcome
from fscaps._linux import system
from lab.mounts import MNT_DETACH, mount, unmount
from lab.user import let_pass

from . import interception, trial
from .places import SCRATCH, WORKER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .interception import Call, Watch
    from .places import Place

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="takes root and another user"),
    pytest.mark.timeout(120),
]

NEIGHBOUR = 65534  # nobody, whom every host knows by name
ONE = ("directory.writable",)
INTERCEPTED = pytest.mark.skipif(not interception.available(), reason="no seccomp_unotify(2) here")
FUSE = pytest.mark.skipif(not os.path.exists("/dev/fuse"), reason="no FUSE here")


@pytest.fixture(autouse=True)
def _reaping() -> Iterator[None]:
    """Take in what a worker that is killed leaves, for as long as the test lasts."""
    trial.become_reaper()
    yield
    trial.be_no_reaper()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """The neighbour's directory, with another of his that holds a non-empty one of root's."""
    target = tmp_path / "target"
    (target / "his" / "roots" / "folder").mkdir(parents=True)
    for place in (target, target / "his"):
        os.chown(place, NEIGHBOUR, NEIGHBOUR)
    tmp_path.chmod(0o711)
    let_pass(tmp_path)
    return target


def _as_neighbour(place: Path, act: Callable[[], object]) -> bool:
    """Whether he could do it."""
    pid = os.fork()
    if pid == 0:
        try:
            os.chdir(place)
            os.setgroups([])
            os.setresgid(NEIGHBOUR, NEIGHBOUR, NEIGHBOUR)
            os.setresuid(NEIGHBOUR, NEIGHBOUR, NEIGHBOUR)
            act()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(pid, 0)[1] == 0


def _swap() -> None:
    """Put his marked directory in the place of the scratch directory."""
    name = next(name for name in os.listdir() if SCRATCH.fullmatch(name))
    os.rename(name, "aside")
    os.close(os.open(f"his/{name}", os.O_CREAT | os.O_WRONLY, 0o600))
    os.rename("his", name)


def _survey_and_swap(target: Path, *, kill: bool, **options: Any) -> fscaps.Report:
    """Survey it; he plays at the first call of the first probe, which waits meanwhile."""

    def decide(watch: Watch, call: Call, place: Place) -> bool:
        if call.process != WORKER or not place.probe or not _as_neighbour(target, _swap):
            return False
        if kill:
            watch.kill(WORKER)
        else:
            watch.let(call)
        return True

    done = trial.attempt(str(target), decide, mount="never", **options)
    assert done.hit
    assert done.report is not None
    return done.report


def _is_told(report: fscaps.Report) -> bool:
    return any(SCRATCH.search(warning) for warning in report.warnings)


@INTERCEPTED
@pytest.mark.parametrize("kill", [False, True])
@pytest.mark.parametrize("user", [None, NEIGHBOUR])
def test_a_marked_directory_in_the_place_of_the_scratch(
    target: Path,
    user: int | None,
    kill: bool,  # noqa: FBT001 - a parameter
) -> None:
    """Root's directory, which he could not remove himself, is there afterwards.

    Neither the worker nor, where it was killed, the cleaner takes it for the one that was made.
    """
    report = _survey_and_swap(target, kill=kill, **({"user": user} if user else {}))
    (kept,) = target.glob(".fscaps-*/roots/folder")
    assert kept.is_dir()
    assert _is_told(report)


@contextmanager
def _mounted(place: Path) -> Iterator[Path]:
    place.mkdir()
    mount("tmpfs", place, "tmpfs", 0, "")
    try:
        (place / "precious").mkdir()
        yield place
    finally:
        unmount(place, 0)


@INTERCEPTED
def test_a_mount_in_what_is_put_there(target: Path) -> None:
    """What root mounted in his directory is not emptied."""
    with _mounted(target / "his" / "disk") as disk:
        report = _survey_and_swap(target, kill=False)
        (kept,) = target.glob(".fscaps-*/disk/precious")
        kept.parents[1].rename(target / "his")
        assert (disk / "precious").is_dir()
    assert _is_told(report)


@INTERCEPTED
def test_the_cleaner_is_who_asks(target: Path) -> None:
    """With --as USER it is not root: he may kill the worker, and choose when."""
    killed: list[int] = []
    removed_by: set[int] = set()

    def decide(watch: Watch, call: Call, place: Place) -> bool:
        if call.process == WORKER and place.probe and not killed:
            killed.append(call.pid)
            watch.kill(WORKER)
        elif killed and call.name == "unlinkat":
            removed_by.add(os.stat(f"/proc/{call.pid}").st_uid)
        return False

    done = trial.attempt(str(target), decide, user=NEIGHBOUR, only=["directory.*"])
    assert done.report is not None
    assert removed_by == {NEIGHBOUR}
    assert os.listdir(target) == ["his"]


def _name(pid: int, start: str) -> str:
    return f".fscaps-{system.boot_id()}-{system.pid_namespace()}-{pid}-{start}-0123456789abcdef"


def _leave(target: Path, name: str) -> Path:
    left = target / name
    left.mkdir(0o700)
    (left / name).touch(0o600)
    (left / "at work").touch()
    return left


@INTERCEPTED
@pytest.mark.parametrize("error", ["EMFILE", "ENOMEM", "EIO", "EACCES", "ENOENT", "EINTR"])
@pytest.mark.parametrize("what", ["stat", "self"])
def test_a_live_one_is_not_swept_where_proc_cannot_be_read(
    tmp_path: Path, what: str, error: str
) -> None:
    """Only that there is no such process means that a run is over."""
    me = os.getpid()
    left = _leave(tmp_path, _name(me, system.process_start(me)))
    path = {"stat": f"/proc/{me}/stat", "self": "/proc/self"}[what]

    def decide(watch: Watch, call: Call, _place: Place) -> bool:
        argument = {"openat": 1, "readlink": 0}.get(call.name)
        if argument is None or call.process != WORKER or call.text(argument) != path:
            return False
        watch.fail(call, getattr(errno, error))
        return True

    done = trial.attempt(str(tmp_path), decide, only=ONE)
    assert done.hit
    assert (left / "at work").exists()


def test_one_of_a_process_that_is_hidden_is_not_swept() -> None:
    """A process of somebody else may seem not to be there to a user (proc(5): hidepid)."""
    code = f"""
        import os
        from fscaps._linux import system
        os.setgroups([])
        os.setresgid({NEIGHBOUR}, {NEIGHBOUR}, {NEIGHBOUR})
        os.setresuid({NEIGHBOUR}, {NEIGHBOUR}, {NEIGHBOUR})
        assert not os.path.exists("/proc/{os.getpid()}/stat")
        print(system.is_running({os.getpid()}, "1"))
    """
    script = 'mount -t proc -o hidepid=2 proc /proc && exec "$@"'
    arguments = ["unshare", "--mount", "sh", "-c", script, "sh", sys.executable, "-c"]
    done = execute([*arguments, textwrap.dedent(code)])
    assert (done.stdout, done.stderr) == ("True\n", "")


@contextmanager
def _served(point: Path, *oddity: str) -> Iterator[None]:
    point.mkdir()
    device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other"
    mount("odd", point, "fuse.odd", 0, options)
    server = Path(__file__).with_name("odd_server.py")
    with subprocess.Popen(
        [sys.executable, server, str(device), *oddity],
        pass_fds=[device],
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(server.parents[2])},
    ) as process:
        os.close(device)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        try:
            yield
        finally:
            unmount(point, MNT_DETACH)
            process.kill()


@FUSE
def test_one_that_a_file_system_gives_to_another_is_swept(tmp_path: Path) -> None:
    """What is made there is not ours: our owner is that of the new scratch directory."""
    point = tmp_path / "point"
    with _served(point, "giving"):
        left = _leave(point, _name(os.getpid(), "1"))
        report = fscaps.survey(point, only=ONE)
        assert os.listdir(point) == []
    assert report.warnings == (f"removed {left.name}, which an earlier run left behind",)


@FUSE
def test_a_listing_that_never_ends_does_not_fill_memory(tmp_path: Path) -> None:
    """It is said to be one, where it otherwise would be read until time or memory is up."""
    with _served(tmp_path / "point", "endless"):
        report = fscaps.survey(tmp_path / "point", only=["name.case", "directory.d_type"])
    for found in report.findings.values():
        if found.seconds:
            assert found.errno == "EOVERFLOW", found
    assert any("getdents64: more than" in told for told in report.warnings), report.warnings


@contextmanager
def _looped(file: Path) -> Iterator[str]:
    done = subprocess.run(["losetup", "--find", "--show", file], capture_output=True, check=True)
    device = done.stdout.decode().strip()
    try:
        yield device
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)


@FUSE
def test_nothing_is_written_to_a_device_in_the_place_of_a_file(tmp_path: Path) -> None:
    """A server of a mount without nodev may say that what was a file is this machine's disk."""
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(1 << 20))
    with _looped(disk) as device, _served(tmp_path / "point", "devices", device):
        report = fscaps.survey(tmp_path / "point", timeout=2)
    assert not disk.read_bytes().strip(b"\0")
    assert report.findings["node.device_open"].outcome is not Outcome.YES


def _closed(scratch: str) -> None:
    for name in (scratch, f"{scratch}/file"):
        with pytest.raises(PermissionError):
            os.close(os.open(name, os.O_RDONLY))


@INTERCEPTED
def test_what_a_directory_gives_to_all_new_ones_opens_nothing(target: Path) -> None:
    """Its default ACL names the neighbour, its setgid bit his group; he does not get in."""
    target.chmod(0o2777)
    entries = ((1, 7, -1), (2, 7, NEIGHBOUR), (4, 7, -1), (0x10, 7, -1), (0x20, 7, -1))
    acl = b"".join(struct.pack("<HHi", *entry) for entry in entries)  # linux/posix_acl_xattr.h
    os.setxattr(target, "system.posix_acl_default", struct.pack("<I", 2) + acl)
    refused: list[bool] = []

    def look(_watch: Watch, call: Call, place: Place) -> bool:
        if place.who == "worker" and call.name in {"fchmod", "fchownat", "unshare"}:
            name = next(name for name in os.listdir(target) if SCRATCH.fullmatch(name))
            refused.append(_as_neighbour(target, lambda: _closed(name)))
        return False

    done = trial.attempt(str(target), look, timeout=30, deadline=90)
    assert done.report is not None
    assert len(refused) > 9, list(done.report.findings.values())[:9]
    assert all(refused)
    assert os.listdir(target) == ["his"]


@INTERCEPTED
def test_the_cleaner_does_not_open_where_the_path_leads_by_then(target: Path) -> None:
    """Who owns what lies above it may have made it a link to a directory of root's."""
    killed: list[int] = []
    opened: list[int] = []

    def decide(watch: Watch, call: Call, place: Place) -> bool:
        if call.process == WORKER and place.probe and not killed:
            killed.append(call.pid)
            watch.kill(WORKER)
        elif killed and call.name == "openat" and call.text(1) == str(target):
            opened.append(call.arguments[2])
        return False

    assert trial.attempt(str(target), decide, only=["directory.*"]).report is not None
    assert opened
    assert all(flags & os.O_PATH for flags in opened)
