"""Probes on a directory that misbehaves in ways for which no file system could be had.

What misbehaves is a Directory whose calls are replaced; all else is the machine's own.
"""

from __future__ import annotations

import json
import os
import stat
from errno import (
    EACCES,
    EFBIG,
    EINVAL,
    EIO,
    ENAMETOOLONG,
    ENODEV,
    ENOSYS,
    ENOTSUP,
    EPERM,
    errorcode,
)
from typing import TYPE_CHECKING

import pytest
from unit.running import command, execute

from fscaps import Finding, Host, Mount, Outcome, Probe, Reason
from fscaps._linux import calls, confined, elf, ioctls, libc, xattrs
from fscaps._linux.directory import Directory
from fscaps._sandbox.worker import ask
from fscaps.probes import (
    No,
    Unknown,
    _others,
    directory,
    lock,
    mode,
    name,
    node,
    owner,
    quota,
    rename as rename_probes,
    space,
    symlink,
    time,
    xattr,
)
from fscaps.probes._area import Area, setting_up, verifying

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def area(tmp_path: Path) -> Iterator[Area]:
    """An area whose scratch directory is an empty one."""
    with Directory(os.open(tmp_path, os.O_RDONLY)) as target:
        made = Area(target, str(tmp_path), Host("6.1.0", "x86_64", os.geteuid()))
        made.directory = target
        yield made
        for thing in made.made.values():  # other processes must not outlive the test
            if isinstance(thing, _others.Other):
                thing._helper.end()
                thing._helper.dismiss()


@pytest.mark.parametrize("probe", [directory.d_type, directory.inode], ids=lambda probe: probe.id)
@pytest.mark.parametrize("left_out", [{b"file"}, {b"file", b"directory", b"symlink", b"fifo"}])
def test_a_listing_that_leaves_out_entries_is_no_yes(
    area: Area, probe: Probe, left_out: set[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not listed has no type, and a listing of nothing tells nothing."""
    whole = Directory.entries
    monkeypatch.setattr(
        Directory,
        "entries",
        lambda self: (entry for entry in whole(self) if entry.name not in left_out),
    )
    assert ask(probe, area).outcome is Outcome.NO


def test_what_was_made_in_a_devices_place_is_not_opened(area: Area) -> None:
    """A server that makes a regular file of a device node lets that be written to."""
    area.scratch.write("null", b"")
    area.findings[node.device.id] = Finding(node.device.id, Outcome.NO)
    assert ask(node.device_open, area).outcome is Outcome.UNKNOWN


BTRFS, EXT4, FUSE, NFS = "0x9123683e", "0xef53", "0x65735546", "0x6969"


@pytest.mark.parametrize(
    ("uid", "magic", "devices", "outcome"),
    [
        (0, NFS, (), Outcome.YES),
        (1000, EXT4, ("vda",), Outcome.YES),
        (1000, BTRFS, (), Outcome.YES),
        (1000, NFS, (), Outcome.UNKNOWN),  # root_squash
        (1000, FUSE, (), Outcome.UNKNOWN),  # allow_other
        (1000, FUSE, ("sda1",), Outcome.UNKNOWN),  # fuseblk
        (1000, None, ("vda",), Outcome.UNKNOWN),
    ],
)
def test_what_a_user_may_is_not_what_root_may(
    area: Area, uid: int, magic: str | None, devices: tuple[str, ...], outcome: Outcome
) -> None:
    """Where somebody else than this kernel decides, it takes root to ask."""
    area.host = Host("6.1.0", "x86_64", uid)
    area.mount = Mount(1, "/mnt", "any", "any", magic=magic, devices=devices)
    assert ask(mode.root, area).outcome is outcome


def test_root_of_another_namespace_is_an_ordinary_user(area: Area) -> None:
    area.host = Host("6.1.0", "x86_64", 0, initial_user_namespace=False)
    area.mount = Mount(1, "/mnt", "any", "any", magic=NFS)
    assert ask(mode.root, area).outcome is Outcome.UNKNOWN


def test_who_may_not_become_another_user_learns_nothing_of_others(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A filter of system calls refuses, which is not of the file system; the call is replaced."""

    def refuse(_: object) -> None:
        raise PermissionError(EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "setgroups", refuse)
    area.host = Host("6.1.0", "x86_64", 0, capabilities=("CAP_SETUID",))
    found = ask(mode.others, area)
    assert (found.outcome, found.reason) == (Outcome.UNKNOWN, Reason.PRIVILEGE)


def test_a_program_that_a_signal_ends_says_nothing_of_the_file_system(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that runs, and then crashes: zeros are no instructions that do anything."""
    assert ask(mode.execute, area).outcome is Outcome.YES
    area.scratch.unlink("program")
    monkeypatch.setattr(elf._CODES[libc.abi()], "code", bytes(8))
    found = ask(mode.execute, area)
    assert (found.outcome, found.reason) == (Outcome.UNKNOWN, Reason.ERROR)
    assert found.detail in (
        "the program was ended by signal 4",
        "the program was ended by signal 11",
    )


@pytest.mark.parametrize(("modest", "expected"), [("", No), ("prctl: refused", Unknown)])
def test_a_setuid_program_that_could_gain_no_rights_says_nothing_of_the_file_system(
    area: Area, monkeypatch: pytest.MonkeyPatch, modest: str, expected: type[Exception]
) -> None:
    """Where the filter is refused without no_new_privs; how the program ended is made up."""
    ended = confined.Ended(0, modest)
    monkeypatch.setattr(confined, "execute", lambda _file: ended)
    area.scratch.write("program", b"")
    with pytest.raises(expected):
        mode.run_as_owner(area.scratch, "program", 1000)


def test_a_directory_that_could_not_be_emptied_tells_why(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not that it is not empty, which follows; the failure is made up."""
    with area.scratch.mkdir("full") as full:
        full.write("file", b"")
        monkeypatch.setattr(Directory, "unlink", lambda *_: _fails(EIO))
        with pytest.raises(OSError, match=os.strerror(EIO)):
            area.scratch.clear()
        monkeypatch.undo()


CLOSED = 1_000_000  # a descriptor that is not open
CALLS = {
    "close": (CLOSED,),
    "read": (CLOSED, 1),
    "write": (CLOSED, b""),
    "pread": (CLOSED, 1, 0),
    "pwrite": (CLOSED, b"", 0),
    "lseek": (CLOSED, 0, 0),
    "fstat": (CLOSED,),
    "fstatvfs": (CLOSED,),
    "ftruncate": (CLOSED, 0),
    "fsync": (CLOSED,),
    "fchmod": (CLOSED, 0),
    "fchdir": (CLOSED,),
    "open": ("/no/such/directory", 0),
    "waitpid": (os.getpid(), 0),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_that_fails_says_which_it_is(name: str) -> None:
    """Keeping the class of the error."""
    with pytest.raises(OSError, match=name) as ours:
        getattr(calls, name)(*CALLS[name])
    with pytest.raises(OSError, match="Errno") as plain:
        getattr(os, name)(*CALLS[name])
    assert ours.type is plain.type
    assert ours.value.errno == plain.value.errno
    assert ours.value.strerror == f"{name}: {plain.value.strerror}"


@pytest.mark.parametrize("code", [EPERM, EACCES, EIO])
@pytest.mark.parametrize(
    ("call", "probe"), [("remove", xattr.acl_removed), ("get_of_entry", symlink.attribute)]
)
def test_what_is_not_allowed_or_broken_is_neither_yes_nor_no(
    area: Area, call: str, probe: Probe, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file system at hand answers so to root; the call is replaced."""
    area.findings[symlink.target.id] = ask(symlink.target, area)

    def refuse(*_: object) -> None:
        raise OSError(code, f"{call}: {os.strerror(code)}")

    monkeypatch.setattr(xattrs, call, refuse)
    found = ask(probe, area)
    assert (found.outcome, found.errno) == (Outcome.UNKNOWN, errorcode[code])


@pytest.mark.parametrize(("probe", "limit"), [("space.extend", 1 << 16), ("space.large", 1 << 30)])
def test_a_limit_of_the_process_is_none_of_the_file_system(
    tmp_path: Path, probe: str, limit: int
) -> None:
    """RLIMIT_FSIZE answers with EFBIG, as a file system does that ends there."""
    limited = execute(["prlimit", f"--fsize={limit}", *command("--json", str(tmp_path))])
    found = json.loads(limited.stdout)["findings"][probe]
    assert (found["outcome"], found["reason"], found["errno"]) == ("unknown", "privilege", "EFBIG")


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        ("/" + "x" * 496, Outcome.YES),
        ("/" + "x" * 497, Outcome.NO),
        ("/" + "ü" * 248, Outcome.YES),
        ("/" + "ü" * 249, Outcome.NO),
    ],
    ids=["497", "498", "497 bytes", "499 bytes"],
)
def test_how_long_a_path_sqlite_takes(area: Area, path: str, outcome: Outcome) -> None:
    """podman 5.8.6 was seen to start at 497 bytes, and not at 498."""
    area.resolved = path
    assert ask(name.sqlite, area).outcome is outcome


def test_a_link_whose_target_is_kept_from_its_owner_is_none(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As sshfs 3.7.3 keeps what leads out of its directory; the call is replaced."""

    def refuse(*_: object) -> bytes:
        raise PermissionError(EPERM, "readlink: Operation not permitted")

    monkeypatch.setattr(Directory, "readlink", refuse)
    found = ask(symlink.target, area)
    assert (found.outcome, found.errno) == (Outcome.NO, "EPERM")


LIES = [
    (Directory, "rename", rename_probes.replace),
    (Directory, "rename", rename_probes.exchange),
    (Directory, "rename", rename_probes.whiteout),
    (Directory, "rename", symlink.replace),
    (Directory, "chown", owner.chown),
    (Directory, "chown", owner.lchown),
    (Directory, "chmod", owner.mode),
    (Directory, "utime", time.nanosecond),
    (Directory, "utime", time.symlink),
    (Directory, "utime", time.range),
    (ioctls, "clone", space.reflink),
    (xattrs, "put", xattr.user),
    (xattrs, "put", xattr.trusted),
    (xattrs, "put", xattr.overlay_opaque),
    (xattrs, "put", xattr.security_capability),
    (xattrs, "remove", xattr.user),
    (xattrs, "remove", xattr.posix_acl),
]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="to others it may be refused before")


@as_root
@pytest.mark.parametrize(
    ("of", "call", "probe"), LIES, ids=[f"{call}-{probe.id}" for _, call, probe in LIES]
)
def test_a_call_that_succeeds_and_does_nothing_is_a_no(
    area: Area, of: object, call: str, probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of no file system here; the call is replaced by one that does nothing."""
    for earlier in probe.after:
        area.findings[earlier.id] = ask(earlier, area)
    monkeypatch.setattr(of, call, lambda *_: None)
    assert ask(probe, area).outcome is Outcome.NO


def test_a_clone_of_the_right_size_may_be_of_zeros(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call is replaced by one that lengthens the file."""
    monkeypatch.setattr(ioctls, "clone", lambda _, target: os.ftruncate(target, 65536))
    area.findings[space.writable.id] = ask(space.writable, area)
    assert ask(space.reflink, area).outcome is Outcome.NO


@pytest.mark.parametrize("code", [ENAMETOOLONG, EFBIG])
def test_the_longest_target_is_found_however_it_is_refused(
    area: Area, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """ntfs3 says EFBIG (fs/ntfs3/inode.c); the call is replaced."""
    make = Directory.symlink

    def symlink_of_255(directory: Directory, target: str | bytes, name: str) -> None:
        if len(target) > 255:
            raise OSError(code, os.strerror(code))
        make(directory, target, name)

    monkeypatch.setattr(Directory, "symlink", symlink_of_255)
    found = ask(symlink.longest, area)
    assert (found.outcome, found.errno, found.value) == (Outcome.NO, "ENAMETOOLONG", 255)


@as_root
@pytest.mark.parametrize("refused", ["system.posix_acl_access", "system.posix_acl_default"])
def test_directories_have_access_control_lists_of_their_own(
    area: Area, refused: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of files are kept here; the call is replaced by one that refuses directories."""
    keep = xattrs.put

    def put(fd: int, name: str, value: bytes) -> None:
        if name == refused and stat.S_ISDIR(os.fstat(fd).st_mode):
            raise OSError(ENOTSUP, os.strerror(ENOTSUP))
        keep(fd, name, value)

    monkeypatch.setattr(xattrs, "put", put)
    assert ask(xattr.posix_acl, area).outcome is Outcome.NO


def test_a_label_that_is_not_kept_is_a_no(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    """SELinux is not on here; what asks for it and for labels is replaced."""
    labels = iter((b"as it was", b"as it became"))
    monkeypatch.setattr(os.path, "exists", lambda _: True)
    monkeypatch.setattr(xattrs, "get", lambda *_: next(labels))
    monkeypatch.setattr(xattrs, "put", lambda *_: None)
    assert ask(xattr.security_selinux, area).outcome is Outcome.NO


@pytest.mark.parametrize(("known", "outcome"), [(True, Outcome.NO), (False, Outcome.UNKNOWN)])
def test_a_file_system_without_quota_is_no_kernel_without(
    area: Area, *, known: bool, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """quotactl(2) says ENOSYS for both; it is replaced, as are the two before it."""

    def refuse(name: str, _command: int, device: bytes | None, *_: object) -> int:
        assert name == "quotactl"
        code = ENODEV if known and device is None else ENOSYS
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(ioctls, "project_id", lambda _: 0)
    monkeypatch.setattr(Directory, "mknod", lambda *_: None)
    monkeypatch.setattr(os, "major", lambda _: 8)
    monkeypatch.setattr(libc, "call", refuse)
    found = ask(quota.project, area)
    assert (found.outcome, found.errno) == (outcome, "ENOSYS")
    assert found.reason is (None if known else Reason.KERNEL)


def test_a_server_without_ioctl_has_no_flags_and_no_quota(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of FUSE Linux 5.10 says ENOSYS, as a kernel without the call would; it is replaced."""

    def refuse(*_: object) -> None:
        raise OSError(ENOSYS, os.strerror(ENOSYS))

    monkeypatch.setattr("fcntl.ioctl", refuse)
    assert ask(directory.changeable, area).outcome is Outcome.YES
    found = ask(quota.project, area)
    assert (found.outcome, found.errno) == (Outcome.NO, "ENOTTY")


@as_root
@pytest.mark.parametrize("bit", [stat.S_ISGID, 0])
def test_what_is_made_may_have_the_directorys_group(area: Area, bit: int) -> None:
    """As the setgid bit has it."""
    os.fchown(area.target.fd, -1, 4711)
    os.fchmod(area.target.fd, 0o755 | bit)
    found = ask(owner.created, area)
    assert found.outcome is Outcome.YES
    assert found.value == ("0:4711" if bit else f"0:{os.getegid()}")


def test_a_renamed_directory_is_read_by_a_process_that_never_saw_the_old(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only who starts after the rename finds what that replaced."""
    move = Directory.rename

    def rename(self: Directory, old: str, new: str) -> None:
        move(self, old, new)
        monkeypatch.setattr(Directory, "beneath", lambda self, _path: self.file("empty"))

    area.scratch.write("empty", b"")
    _others.other(area)
    monkeypatch.setattr(Directory, "rename", rename)
    assert ask(rename_probes.directory, area).outcome is Outcome.NO


def test_a_renamed_directory_that_lost_a_file_is_a_no(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rename is replaced by one after which a file is gone."""
    move = Directory.rename

    def rename(self: Directory, old: str, new: str) -> None:
        move(self, old, new)
        self.unlink(f"{new}/b")

    monkeypatch.setattr(Directory, "rename", rename)
    found = ask(rename_probes.directory, area)
    assert (found.outcome, found.detail) == (Outcome.NO, "file b is gone after the rename")


@pytest.mark.parametrize("part", [b"", b"0000"])
def test_a_part_of_a_file_seen_while_it_is_replaced_is_a_no(
    area: Area, part: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other process renames over the file; what this one reads is replaced."""
    area.findings[rename_probes.replace_open.id] = Finding(
        rename_probes.replace_open.id, Outcome.YES
    )
    assert ask(rename_probes.atomic, area).outcome is Outcome.YES
    monkeypatch.setattr(Directory, "read", lambda *_: part)
    area.scratch.unlink("state")
    assert ask(rename_probes.atomic, area).outcome is Outcome.NO


def _make_a_file(place: Directory, name: str, *_: object) -> None:
    place.write(name, b"")


@as_root
@pytest.mark.parametrize(
    ("call", "probe"), [("mknod", node.whiteout), ("mknod", node.device), ("mkfifo", node.fifo)]
)
def test_a_file_in_a_nodes_place_is_a_no(
    area: Area, call: str, probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As some servers make it; the call is replaced."""
    monkeypatch.setattr(Directory, call, _make_a_file)
    assert ask(probe, area).outcome is Outcome.NO


@pytest.mark.parametrize(
    ("kind", "probe"), [("flock", lock.flock), ("posix", lock.posix), ("ofd", lock.ofd)]
)
def test_a_lock_that_excludes_nobody_is_a_no(
    area: Area, kind: str, probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a server that grants every lock; the call is replaced by one that does nothing."""
    monkeypatch.setitem(_others._LOCKS, kind, lambda _fd: None)
    found = ask(probe, area)
    assert found.outcome is Outcome.NO
    assert "a second process got the lock" in found.detail


def _fails(code: int) -> None:
    raise OSError(code, os.strerror(code))


RIGHTS, NO_RIGHTS = ("CAP_CHOWN",), ()


@pytest.mark.parametrize(
    ("code", "held", "outcome", "reason"),
    [
        (EPERM, RIGHTS, Outcome.NO, None),
        (EPERM, NO_RIGHTS, Outcome.UNKNOWN, Reason.PRIVILEGE),
        (EACCES, RIGHTS, Outcome.NO, None),
        (EACCES, NO_RIGHTS, Outcome.UNKNOWN, Reason.PRIVILEGE),
        (EINVAL, RIGHTS, Outcome.NO, None),
        (EINVAL, NO_RIGHTS, Outcome.UNKNOWN, Reason.PRIVILEGE),  # an id that is not mapped
        (ENOSYS, RIGHTS, Outcome.UNKNOWN, Reason.KERNEL),
        (EIO, RIGHTS, Outcome.UNKNOWN, Reason.ERROR),
    ],
)
def test_what_an_errno_means_depends_on_the_rights_of_who_asked(
    area: Area, code: int, held: tuple[str, ...], outcome: Outcome, reason: Reason | None
) -> None:
    """A refusal is the file system's only if nothing was missing to be allowed."""
    no = frozenset((EPERM, EACCES, EINVAL))
    probe = Probe("a.b", "?", lambda _: _fails(code), no, RIGHTS)
    area.host = Host("6.1.0", "x86_64", 0, held)
    found = ask(probe, area)
    assert (found.outcome, found.reason) == (outcome, reason)


@pytest.mark.parametrize("around", [setting_up, verifying])
def test_what_fails_around_a_question_is_no_answer(
    area: Area, around: type[setting_up | verifying]
) -> None:
    """Its errno would be taken for one."""

    def body(_: Area) -> None:
        with around():
            _fails(EPERM)

    found = ask(Probe("a.b", "?", body, frozenset((EPERM,))), area)
    assert (found.outcome, found.reason, found.errno) == (Outcome.UNKNOWN, Reason.ERROR, "EPERM")


def test_a_date_that_this_python_cannot_say_is_unknown(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of 32 bits, with a time_t that ends in 2038."""

    def utime(self: Directory, name: str, nanoseconds: int) -> None:
        if nanoseconds >= 2**31 * 10**9:
            raise OverflowError
        os.utime(name, ns=(nanoseconds, nanoseconds), dir_fd=self.fd)

    monkeypatch.setattr(Directory, "utime", utime)
    finding = ask(time.range, area)
    assert (finding.outcome, finding.reason) == (Outcome.UNKNOWN, Reason.ERROR)
