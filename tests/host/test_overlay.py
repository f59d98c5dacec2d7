"""What a mounted overlay is used for, on file systems and servers that fail at one thing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from errno import EACCES, EIO, ENOSPC, EPERM, EROFS
from typing import TYPE_CHECKING, Callable

import pytest

import fscaps
from fscaps import Finding, Fitness, Host, Mount, Outcome, Probe, Reason
from fscaps._linux import elf, libc, mounts, processes, xattrs
from fscaps._linux.directory import Directory
from fscaps._sandbox.worker import ask
from fscaps.probes import Unknown, _layers, _mounting, _overlay, overlay, owner, xattr
from fscaps.probes._area import Area
from lab.filesystems import FILESYSTEMS, missing
from lab.silent_fuse import memory_fuse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXT4 = FILESYSTEMS["ext4"]
LOWER = "kernel/overlay-lower"

pytestmark = [pytest.mark.skipif(missing(EXT4) is not None, reason=missing(EXT4) or "")]
traced = pytest.mark.skipif(shutil.which("strace") is None, reason="no strace")


# --- a lower layer --------------------------------------------------------------------------


def test_what_is_asked_of_a_lower_layer_first_spoils_no_upper(tmp_path: Path) -> None:
    """It is mounted in another namespace, in which nothing of the first can be mounted."""
    with EXT4(tmp_path) as directory:
        report = fscaps.survey(directory, roles=[LOWER, "podman/overlay"])
    asked = list(report.findings)
    assert asked.index("overlay.lower") < asked.index("overlay.remount")
    assert report.findings["overlay.remount"].outcome is Outcome.YES
    assert report["podman/overlay"].fitness is not Fitness.UNSUITABLE


def test_a_server_that_answers_is_a_lower_layer(tmp_path: Path) -> None:
    """And the answer says that a mount was made."""
    with memory_fuse(tmp_path, whole=True):
        report = fscaps.survey(tmp_path, roles=[LOWER])
    assert report[LOWER].fitness is Fitness.SUITABLE
    assert "mounted" in report.findings["overlay.lower"].detail


def test_what_reads_as_zeros_is_no_lower_layer(tmp_path: Path) -> None:
    with memory_fuse(tmp_path, whole=True, lies=["read-zeros"]):
        report = fscaps.survey(tmp_path, roles=[LOWER])
    assert report.findings["overlay.lower"].outcome is Outcome.NO
    assert report[LOWER].fitness is Fitness.UNSUITABLE


def test_what_cannot_be_read_is_no_lower_layer(tmp_path: Path) -> None:
    with memory_fuse(tmp_path, whole=True, refuse={"READ": EIO}):
        report = fscaps.survey(tmp_path, roles=[LOWER])
    assert report.findings["overlay.lower"].errno == "EIO"
    assert report[LOWER].fitness is Fitness.UNSUITABLE


@pytest.mark.parametrize(
    ("refused", "outcome"), [({}, Outcome.YES), ({"READ": EIO}, Outcome.NO)], ids=["read", "EIO"]
)
def test_where_nothing_may_be_made_what_is_there_is_read(
    tmp_path: Path, refused: dict[str, int], outcome: Outcome
) -> None:
    """A regular file; the FIFO beside it would wait for a writer."""
    with memory_fuse(tmp_path, whole=True, refuse={"MKDIR": EROFS, **refused}) as server:
        os.mkfifo(tmp_path / "fifo")
        (tmp_path / "file").write_bytes(b"content")
        found = fscaps.survey(tmp_path, roles=[LOWER]).findings["overlay.lower"]
        assert server.process.poll() is None
    assert found.outcome is outcome, found
    assert found.detail.endswith("one read" if outcome is Outcome.YES else os.strerror(EIO))


def test_where_there_is_no_file_to_read_that_is_said(tmp_path: Path) -> None:
    """A FIFO, an empty file and a directory tell nothing; nor is the empty one in our way."""
    with memory_fuse(tmp_path, whole=True, refuse={"READ": EIO, "RENAME": EROFS}):
        os.mkfifo(tmp_path / "fifo")
        (tmp_path / ".fscaps").touch()
        (tmp_path / "directory").mkdir()
        found = fscaps.survey(tmp_path, only=["overlay.lower"], write=False)
    lower = found.findings["overlay.lower"]
    assert lower.outcome is Outcome.YES
    assert "none to read" in lower.detail


def test_where_reading_would_freeze_the_kernel_nothing_is_read(area: Area) -> None:
    """Of eCryptfs, whose magic is made up; nothing is mounted, and no namespace made."""
    area.mount = Mount(1, "/", "ecryptfs", "any", magic="0xf15f")
    found = ask(overlay.lower, area)
    assert (found.outcome, found.reason) == (Outcome.UNKNOWN, Reason.UNSAFE)
    assert area.made == {}


# --- what is found after a second mount -----------------------------------------------------


@pytest.fixture
def area(tmp_path: Path) -> Iterator[Area]:
    """An ext4 on which overlay was mounted and used, but not yet for the second time."""
    with EXT4(tmp_path) as directory, Directory(os.open(directory, os.O_RDONLY)) as target:
        host = Host("6.1.0", "any", 0, processes.capabilities())
        made = Area(target, str(directory), host, Mount(1, "/", "ext4", "any", magic="0xef53"))
        made.directory = target
        yield made
        made.once("session", lambda: None)
        if isinstance(made.made["session"], _overlay.Session):
            made.made["session"].unmount()
        for thing in made.made.values():
            if isinstance(thing, Directory):
                thing.close()


def use(area: Area) -> None:
    """Ask all that ``remount`` builds on, which must say yes."""
    for name in (xattr.security_capability.id, owner.chown.id):
        area.findings[name] = Finding(name, Outcome.YES)
    for probe in (overlay.upper, *overlay.remount.after):
        found = area.findings[probe.id] = ask(probe, area)
        assert found.outcome is Outcome.YES, found


def _lose_capability(upper: Directory) -> None:
    with upper.file("attributes") as fd:
        xattrs.remove(fd, "security.capability")


LOSSES: dict[str, Callable[[Directory], None]] = {
    "the content": lambda upper: upper.append("append", b"!"),
    "the owner": lambda upper: upper.chown("append", 1, 1000),
    "the group": lambda upper: upper.chown("linked", 0, 1),
    "the setuid bit": lambda upper: upper.chmod("program", 0o755),
    "a link": lambda upper: upper.unlink("read"),
    "a FIFO": lambda upper: upper.unlink("fifo"),
    "a device node": lambda upper: upper.unlink("null"),
    "the time": lambda upper: upper.utime("append", 1),
    "the file capability": _lose_capability,
    "a whiteout": lambda upper: upper.unlink("delete"),
    "a renamed file": lambda upper: upper.unlink("moved"),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_what_is_lost_over_an_unmount_is_missed(area: Area, loss: str) -> None:
    """Lost behind the overlay's back, as by a file system that forgets."""
    use(area)
    LOSSES[loss](area.made["session"].upper)
    assert ask(overlay.remount, area).outcome is Outcome.NO


def test_a_device_that_became_another_is_missed(area: Area) -> None:
    """It would be opened by a container."""
    use(area)
    upper = area.made["session"].upper
    upper.unlink("null")
    upper.mknod("null", 0o20600, os.makedev(1, 5))
    found = ask(overlay.remount, area)
    assert found.outcome is Outcome.NO
    assert "null: device" in found.detail


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_directory_that_was_moved_is_read_again(
    area: Area, monkeypatch: pytest.MonkeyPatch, *, is_lost: bool
) -> None:
    """With redirect_dir, which the kernel may have been told to use by itself."""
    plain = _overlay.options
    monkeypatch.setattr(_overlay, "options", lambda *given: {**plain(*given), "redirect_dir": "on"})
    use(area)
    assert area.findings["overlay.rename"].detail != _layers.COPIED
    if is_lost:
        area.made["session"].upper.rmdir("woods")
    found = ask(overlay.remount, area)
    assert found.outcome is (Outcome.NO if is_lost else Outcome.YES), found


# --- what else containers make --------------------------------------------------------------


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="not an x86_64")
def test_a_program_that_ends_otherwise_is_a_no(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that exits with 7; all else works."""
    seven = bytes.fromhex("bf07000000b83c0000000f05")
    monkeypatch.setattr(elf._CODES[libc.X86_64], "code", seven)
    area.findings[overlay.upper.id] = ask(overlay.upper, area)
    found = ask(overlay.execute, area)
    assert (found.outcome, found.detail) == (Outcome.NO, "it ended with status 7")
    assert ask(overlay.special, area).outcome is Outcome.YES


def test_where_no_program_can_be_run_all_else_is_answered(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine of which none is known; which it is, is made up."""
    area.findings[overlay.upper.id] = ask(overlay.upper, area)
    monkeypatch.setattr(libc, "abi", lambda: (1, 4))
    found = ask(overlay.execute, area)
    assert (found.outcome, found.reason) == (Outcome.UNKNOWN, Reason.KERNEL)
    assert ask(overlay.special, area).outcome is Outcome.YES


def _a_file(place: Directory, name: str, *_: object) -> None:
    place.write(name, b"")


@pytest.mark.parametrize("call", ["mkfifo", "mknod"])
def test_a_file_in_a_nodes_place_is_a_no(
    area: Area, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """The call is replaced; what it made is not opened for a device."""
    area.findings[overlay.upper.id] = ask(overlay.upper, area)
    monkeypatch.setattr(Directory, call, _a_file)
    assert ask(overlay.special, area).outcome is Outcome.NO


# --- mounts that are refused ----------------------------------------------------------------


def survey(path: Path, *injected: str) -> fscaps.Report:
    """One by a command to which strace does this."""
    options = [option for one in injected for option in ("-e", f"inject={one}")]
    command = [sys.executable, "-m", "fscaps", "--json", "--only", "overlay.*"]
    done = subprocess.run(
        ["strace", "-f", "-qq", "-o", "/dev/null", *options, *command, str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    return fscaps.load(done.stdout)


AFTER_THE_NAMESPACE = "when=2+"
"""The first mount(2) of a process makes its namespace's mounts slaves of the host's."""


@traced
@pytest.mark.parametrize(
    ("errno", "reason"),
    [("EPERM", Reason.PRIVILEGE), ("EACCES", Reason.PRIVILEGE), ("ENODEV", Reason.KERNEL)],
)
def test_who_may_mount_no_overlay_learns_nothing_of_the_path(
    tmp_path: Path, errno: str, reason: Reason
) -> None:
    """A security module, or a kernel without it; strace refuses."""
    report = survey(tmp_path, f"mount:error={errno}:{AFTER_THE_NAMESPACE}")
    for probe in ("overlay.userxattr", "overlay.depth"):
        found = report.findings[probe]
        assert (found.outcome, found.reason, found.errno) == (Outcome.UNKNOWN, reason, errno)
    assert report.findings["overlay.lower"].outcome is Outcome.UNKNOWN
    assert report["docker/rootless"].fitness is not Fitness.UNSUITABLE


@traced
def test_a_second_mount_that_is_refused_is_no_loss(tmp_path: Path) -> None:
    """Who was let mount the first may be let no more."""
    found = survey(tmp_path, "fsmount:error=EPERM:when=2+").findings["overlay.remount"]
    assert (found.outcome, found.errno) == (Outcome.UNKNOWN, "EPERM")


@traced
def test_who_may_mount_one_elsewhere_is_refused_by_the_path(tmp_path: Path) -> None:
    """Only the second mount(2) fails; those of a tmpfs and of an overlay on it do not."""
    found = survey(tmp_path, "mount:error=EACCES:when=2").findings["overlay.userxattr"]
    assert (found.outcome, found.errno) == (Outcome.NO, "EACCES")


@traced
def test_a_kernel_that_lets_no_user_mount_one_is_a_no(tmp_path: Path) -> None:
    """As before Linux 5.11: of a tmpfs mount(2) succeeds, of an overlay on it as little as here."""
    report = survey(tmp_path, "mount:error=EPERM:when=2+2")
    found = report.findings["overlay.userxattr"]
    assert (found.outcome, found.errno) == (Outcome.NO, "EPERM")
    assert report["docker/rootless"].fitness is Fitness.UNSUITABLE


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        ({"overlay": EPERM}, Reason.KERNEL),  # fs/super.c:mount_capable
        ({"overlay": EACCES}, Reason.PRIVILEGE),
        ({"overlay": EPERM, "tmpfs": EPERM}, Reason.PRIVILEGE),
    ],
)
def test_who_lets_nobody_mount_one_is_told_by_what_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: dict[str, int], reason: Reason
) -> None:
    """The refusals are made up, and so is the tmpfs."""

    def refuse(fstype: str, *_: object) -> None:
        if fstype in refused:
            raise mounts.MountError(refused[fstype], "mount: refused", "")

    monkeypatch.setattr(mounts, "attached", refuse)
    monkeypatch.setattr(mounts, "detach", lambda _: None)
    (tmp_path / "merged").mkdir()
    with Directory(os.open(tmp_path, os.O_RDONLY)) as place, pytest.raises(Unknown) as unknown:
        _mounting.attach(place, "merged", {})
    assert unknown.value.reason is reason


ON_MERGED: tuple[Probe, ...] = (overlay.native_diff, overlay.metacopy)


@traced
@pytest.mark.parametrize(
    "injected",
    [
        ("fsmount:error=ENOSPC:when=2+",),
        ("fsopen:error=ENOSYS", "mount:error=ENOSPC:when=3"),
    ],
    ids=["detached", "attached"],
)
def test_after_a_second_mount_that_fails_nothing_is_asked_of_the_first(
    tmp_path: Path, injected: tuple[str, ...]
) -> None:
    """What is not mounted any more is neither used nor unmounted."""
    report = survey(tmp_path, *injected)
    assert report.findings["overlay.remount"].errno == "ENOSPC"
    for probe in ON_MERGED:
        found = report.findings[probe.id]
        assert (found.outcome, found.reason) == (Outcome.UNKNOWN, Reason.SKIPPED), found
    assert report.warnings == ()
    assert os.listdir(tmp_path) == []


def test_what_is_not_mounted_any_more_is_not_unmounted(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the end of a run, where that would fail; the refusal is made up."""

    def refuse(*_: object) -> int:
        raise mounts.MountError(ENOSPC, "fsmount: refused", "")

    use(area)
    monkeypatch.setattr(mounts, "detached", refuse)
    assert ask(overlay.remount, area).errno == "ENOSPC"
    monkeypatch.setattr(mounts, "can_detach", lambda: False)
    area.made["session"].unmount()


def test_all_that_is_asked_of_one_overlay_is_asked_before_its_namespace_is_left() -> None:
    """Out of another it cannot be mounted anew, and that would be taken for a no."""
    order = [probe.id for probe in fscaps.probes.in_order(fscaps.probes.every().values())]
    entered = order.index("overlay.lower")
    users = ("copy_up", "whiteout", "opaque", "rename", "execute", "special", "remount")
    for user in (*users, "native_diff", "metacopy"):
        assert order.index(f"overlay.{user}") < entered
