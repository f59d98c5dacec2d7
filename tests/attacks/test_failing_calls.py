"""Every system call of a run fails, in turn, with every errno that a kernel could give.

What is held, for each: there is a report, or an error of ours in one line where the path or the
worker itself could not be had. Nothing is left, or the report says so. No answer that was not *yes*
becomes *yes*. The probe whose call failed is not *yes* where that call was one to the probed file
system, but for those in HARMLESS. It is not *no* where it was none. It tells which call failed, and
how. No other probe becomes *no*, but one that was not tried because of the first.
"""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

import fscaps
from fscaps import Outcome, Reason
from lab.filesystems import FILESYSTEMS, missing

from . import interception, trial
from .campaign import (
    EVERY,
    Aftermath,
    Attack,
    Surroundings,
    in_words,
    record,
    some,
    survive,
    wage,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .interception import Call, Watch
    from .places import Place
    from .trial import Seen, Trial

pytestmark = [
    pytest.mark.skipif(not interception.available(), reason="no seccomp_unotify(2) here"),
    pytest.mark.timeout(4 * 3600 if EVERY else 300),
]

ERRORS = (
    *("EIO", "ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "ENOSYS", "ENOTSUP"),
    *("EINTR", "ESTALE", "ENOMEM", "EMFILE"),
)
OURS = ("EMFILE", "ENOMEM", "EINTR")
"""Errors that speak of the process, never of the file system."""

CANNOT_FAIL = {
    *("geteuid", "getegid", "getuid", "getgid", "getpid", "getppid", "gettid", "umask", "uname"),
    *("exit", "exit_group", "clock_nanosleep"),
}
"""Calls whose manual page knows none of these errors."""

HARMLESS = {
    ("close", None): "what was written is synced or read back where that is the question",
    ("fcntl", None): "mmap's own copy of the descriptor, and flags that are only looked at",
    ("newfstatat", "mmap.coherent"): "mmap's own look at the size",
    ("newfstatat", "mmap.made"): "likewise",
    ("lseek", "overlay.remount"): "what was to be emptied is empty, or could not be removed",
    ("fsopen", "overlay.upper"): "mount(2) is taken instead",
    ("flock", "lock.flock"): "EACCES is how an SMB server refuses what another holds",
    ("openat2", None): "where it is refused as a whole, openat(2) is taken",
    ("openat", "overlay.remount"): "a directory of overlay's, of mode 000: it is opened up first",
    ("fgetxattr", "overlay.native_diff"): "where there are no attributes there is no mark",
    ("fsetxattr", "xattr.size"): "a smaller one fits",
    ("ioctl", "directory.changeable"): "a file system without such flags",
    (
        "mknodat",
        "directory.d_type",
    ): "the FIFO is one of the kinds looked at; it is not listed then",
    ("symlinkat", "directory.d_type"): "the link likewise",
}
"""Failures on the file system that decide nothing, by call and probe, each by design."""

ALIASES = {
    "openat": ("open", "readdir", "mkdir", "mount"),  # what is made or mounted is opened, too
    "openat2": ("open",),
    "execveat": ("execve",),
    "newfstatat": ("stat", "readdir"),
    "fcntl": ("fcntl", "lock", "readdir", "mmap"),
    "getdents64": ("readdir", "getdents64"),
    "fadvise64": ("posix_fadvise",),
    "unlinkat": ("unlink", "rmdir"),
    "mkdirat": ("mkdir",),
    "mknodat": ("mknod", "mkfifo"),
    "renameat": ("rename",),
    "renameat2": ("rename",),
    "linkat": ("link",),
    "symlinkat": ("symlink",),
    "readlinkat": ("readlink",),
    "fchownat": ("chown",),
    "fchmod": ("chmod",),
    "fsetxattr": ("setxattr",),
    "fgetxattr": ("getxattr",),
    "flistxattr": ("listxattr",),
    "fremovexattr": ("removexattr",),
    "pread64": ("pread",),
    "pwrite64": ("pwrite",),
    "fstatfs": ("statfs", "statvfs"),
    "clone": ("fork",),
    "clone3": ("fork",),
    "wait4": ("waitpid",),
    "pipe2": ("pipe",),
    "getrandom": ("urandom",),
    "ioctl": ("ioctl", "LOOP_", "FS_IOC_", "FIEMAP", "FICLONE", "seccomp filter"),
    "fsconfig": ("fsconfig", "mount"),
    "fsopen": ("fsopen", "mount"),
    "fsmount": ("fsmount", "mount"),
    **dict.fromkeys(("prctl", "prlimit64", "seccomp"), ("prctl", "rlimit", "seccomp filter")),
    **dict.fromkeys(("setgroups", "setresuid", "setresgid"), ("setre", "setgroups", "become")),
}
"""What a call is called in a finding, where that is not by its own name."""

FIRST = "directory.writable"

SILENT = (Reason.CRASH, Reason.TIMEOUT, Reason.UNRESPONSIVE, Reason.SKIPPED)
"""Reasons that stand for themselves."""


class Undisturbed(NamedTuple):
    """A survey in which no call failed."""

    before: dict[str, Outcome]
    places: list[Place]
    """Of the calls that can fail, but for the caller's."""
    options: dict[str, Any]


def _undisturbed(directory: Path, **options: Any) -> Undisturbed:
    run = record(directory, **options)
    assert run.report is not None
    before = {name: one.outcome for name, one in run.report.findings.items()}
    places = [call.place for call in run.calls if call.place.who != "caller"]
    return Undisturbed(before, [one for one in places if one.name not in CANNOT_FAIL], options)


def _failing(attack: Attack) -> Callable[[Watch, Call, Place], bool]:
    def decide(watch: Watch, call: Call, place: Place) -> bool:
        if place != attack.place:
            return False
        watch.fail(call, getattr(errno, attack.how))
        return True

    return decide


def _fail(target: Path, attack: Attack, undisturbed: Any) -> Aftermath:
    around = Surroundings(target)
    done = trial.attempt(
        *(str(target), _failing(attack)),
        asked={attack.place.name},
        timeout=2,
        deadline=8,
        **undisturbed.options,
    )
    problems = around.problems() + survive(done) + _left(done, around)
    if done.report is not None and done.hit:
        problems += _wrong(done.report, done.hit, attack.how, undisturbed.before)
    if around.scratch():
        fscaps.survey(target, only=["directory.writable"])
    return Aftermath(attack, done.hit, problems + around.foreign())


def _left(done: Trial, around: Surroundings) -> list[str]:
    """What is left must have been told, so that whoever asked can look."""
    told = " ".join(done.report.warnings) if done.report is not None else done.error
    return [f"left, untold: {name}" for name in around.scratch() if name not in told]


def _wrong(after: fscaps.Report, hit: Seen, how: str, before: dict[str, Outcome]) -> Iterator[str]:
    for name, one in after.findings.items():
        if one.outcome is Outcome.YES and before[name] is not Outcome.YES:
            yield f"{name} became yes"
        if (
            one.outcome is Outcome.NO
            and before[name] is Outcome.YES
            and not _is_due(one, hit, after)
        ):
            yield f"another became no: {one}"
    own = hit.place.probe or FIRST
    if before[own] is not Outcome.YES:
        return
    one = after.findings[own]
    if hit.place.name == "close" and one.outcome is not Outcome.YES:
        return  # a close(2) that fails gives the descriptor up; ours does not, and it is in the way
    if one.outcome is Outcome.YES:
        if hit.place.probe and how != "EINTR" and hit.on_it and not _is_harmless(hit):
            yield f"yes in spite of it: {one}"
        return
    if one.outcome is Outcome.NO and (how in OURS or not hit.on_it):
        yield f"no because of it: {one}"
    if one.reason not in SILENT and not _tells(one, hit.place.name, how):
        yield f"does not tell: {one}"


def _is_due(one: fscaps.Finding, hit: Seen, after: fscaps.Report) -> bool:
    """Whether it is the hit probe itself, of which more is held, or was answered by its answer.

    What fails before the first probe, as the scratch directory is made, is that one's.
    """
    own = hit.place.probe or FIRST
    is_its = (one.errno, one.detail) == (after.findings[own].errno, after.findings[own].detail)
    return one.probe == own or is_its or f"since {own} is no: " in one.detail


def _is_harmless(hit: Seen) -> bool:
    name = hit.place.name
    return (name, None) in HARMLESS or (name, hit.place.probe) in HARMLESS


def _tells(one: fscaps.Finding, call: str, how: str) -> bool:
    """Whether the finding says which call failed, and how; of the kernel's own files, which."""
    words = os.strerror(getattr(errno, how))
    names = (*ALIASES.get(call, (call,)), "/proc/", "/sys/", "/dev/", "/etc/")
    tells_how = how == one.errno or words in one.detail
    return tells_how and any(name in one.detail for name in names)


ON_IT = {"openat", "mkdirat", "unlinkat", "newfstatat", "getdents64", "write", "read"}
"""Some of what is asked of a file system, to hold that it is told apart."""


@pytest.fixture
def ext4(tmp_path: Path) -> Iterator[Path]:
    """One of its own, so that what is asked of it is not asked of the machine's own disk."""
    lacking = missing(FILESYSTEMS["ext4"])
    if lacking:
        pytest.skip(lacking)
    with FILESYSTEMS["ext4"](tmp_path) as directory:
        yield directory


def test_every_call_fails(ext4: Path) -> None:
    """Each with each errno; in CI each of some with one, another for the next."""
    whole = _undisturbed(ext4)
    asked = {place.probe for place in whole.places}
    # Some ask what is known: a number, a path, what another found.
    assert len(asked & set(whole.before)) > 0.75 * len(whole.before)
    attacks = [Attack(place, how) for place in whole.places for how in ERRORS]
    done = wage(_fail, ext4, some(attacks, 127), whole)
    assert not any(one.problems for one in done), in_words(done)
    assert {one.hit.place.name for one in done if one.hit and one.hit.on_it} >= ON_IT
    hit = [one.hit is not None and one.hit.place == one.attack.place for one in done]
    assert sum(hit) > 0.96 * len(done)  # in the long run 0.99: the helpers' own pace


def test_what_fails_before_the_first_probe_leaves_nothing_untold(ext4: Path) -> None:
    """As the scratch directory is named, made, looked at and marked, and others are looked for."""
    one = _undisturbed(ext4, only=[FIRST])
    named = [place for place in one.places if place.who == "starting"][-_NAMING:]
    assert any("boot_id" in place.what for place in named)
    mine = [place for place in one.places if place.who == "worker"]
    before = [*named, *itertools.takewhile(lambda place: place.probe is None, mine)]
    attacks = [Attack(place, how) for place in before for how in ("EIO", "EACCES", "ENOSPC")]
    assert {attack.place.name for attack in attacks} >= {"mkdirat", "openat2", "newfstatat"}
    done = wage(_fail, ext4, attacks, one)
    assert not any(one.problems for one in done), in_words(done)
    assert sum(one.hit is not None for one in done) > 0.9 * len(done)


def _fail_and_keep(target: Path, attack: Attack, undisturbed: Any) -> Aftermath:
    """The same where nothing can be removed, by any call."""
    around = Surroundings(target)
    done = trial.attempt(
        *(str(target), _failing(attack)),
        asked={attack.place.name, "unlinkat"},
        denied={"unlinkat": errno.EPERM},
        **undisturbed.options,
    )
    problems = _left(done, around) + survive(done)
    if not around.scratch():
        problems.append("nothing was left, so that nothing is held")
    fscaps.survey(target, only=[FIRST])
    return Aftermath(attack, done.hit, problems + around.foreign())


def test_what_is_made_and_cannot_be_removed_is_told(ext4: Path) -> None:
    """Whichever call on it fails."""
    one = _undisturbed(ext4, only=[FIRST])
    mine = [place for place in one.places if place.who == "worker"]
    before = itertools.takewhile(lambda place: place.probe is None, mine)
    attacks = [Attack(place, "EIO") for place in before if place.name == "newfstatat"]
    assert len(attacks) >= len(("the directory", "its mark", "its mode", "its identity"))
    done = wage(_fail_and_keep, ext4, attacks, one)
    assert not any(one.problems for one in done), in_words(done)


_NAMING = 20
"""Calls before the name of the scratch directory is told."""

SHARING = {
    "directory.d_type": "directory.inode",
    "lock.posix": "lock.ofd",
    "rename.replace": "rename.replace_open",
}
"""Probes each of which prepares what another could take for prepared."""


def test_a_preparation_that_fails_is_no_answer_to_another(ext4: Path) -> None:
    """Neither to the probe that prepares, nor to one that comes after."""
    both = _undisturbed(ext4, only=[*SHARING, *SHARING.values()])
    attacks = [Attack(place, "EIO") for place in both.places if place.probe in SHARING]
    assert {attack.place.name for attack in attacks} >= {"openat", "write", "close"}
    done = wage(_fail, ext4, attacks, both)
    assert not any(one.problems for one in done), in_words(done)


def test_a_namespace_that_is_half_entered_is_no_answer(ext4: Path) -> None:
    """overlay.lower moves the process into one, from which rootless.setuid asks after it."""
    both = _undisturbed(ext4, only=["overlay.lower", "rootless.setuid"])
    assert both.before["rootless.setuid"] is Outcome.YES
    moving = {"fchdir", "unshare", "mount", "openat"}
    places = [place for place in both.places if place.probe == "overlay.lower"]
    attacks = [Attack(place, "EIO") for place in places if place.name in moving]
    assert {attack.place.name for attack in attacks} == moving
    done = wage(_fail, ext4, attacks, both)
    assert not any(one.problems for one in done), in_words(done)


def _fail_mutated(target: Path, attack: Attack, context: Any) -> Aftermath:
    mutant, undisturbed = context
    if mutant not in sys.path:
        sys.path.insert(0, mutant)  # where the child of this process will find fscaps
    return _fail(target, attack, undisturbed)


def test_an_error_that_is_swallowed_is_found(ext4: Path, tmp_path: Path) -> None:
    """The attack can fail: it finds the one fsync(2) that was made to hide its error."""
    syncing = _undisturbed(ext4, only=["space.*", "durability.*"])
    attacks = [Attack(place, "EIO") for place in syncing.places if place.name == "fsync"]
    done = wage(_fail_mutated, ext4, attacks, (_swallowing(tmp_path), syncing))
    found = {one.attack.place.probe: one.problems for one in done if one.problems}
    assert set(found) == {"space.writable"}, in_words(done)
    assert all("yes in spite of it" in text for text in found["space.writable"])


def _swallowing(base: Path) -> str:
    """Where another fscaps lies, in which one error is swallowed."""
    mutant = base / "mutant"
    shutil.copytree(Path(fscaps.__file__).parent, mutant / "fscaps")
    space = mutant / "fscaps" / "probes" / "space.py"
    sound = "        calls.fsync(fd)\n"
    text = space.read_text()
    assert sound in text
    swallowing = f"        try:\n    {sound}        except OSError:\n            pass\n"
    space.write_text(text.replace(sound, swallowing, 1))
    return str(mutant)
