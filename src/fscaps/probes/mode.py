"""What the mount allows, and whom: programs, setuid bits and users, by doing; the rest as told."""

from __future__ import annotations

import os
import stat
from errno import EACCES, ENOENT, ENOEXEC, EPERM

from .._linux import calls, confined, elf, libc, xattrs
from .._linux.libc import naming
from .._linux.processes import die_with, in_helper
from ..findings import Outcome, Reason
from . import No, Unknown, probe, skip
from ._area import random, setting_up, verifying

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._linux.directory import Directory
    from ._area import Area

_OWNER = 1000
_UMASK = 0o022
_FUSE = 0x65735546  # linux/magic.h, as those below
_OF_THIS_KERNEL = {0x01021994, 0x858458F6, 0x9123683E, 0x794C7630}
"""tmpfs, ramfs, btrfs and overlay, which name no block device."""


def program() -> bytes:
    """A program that exits with its effective uid; empty if none is known for this machine."""
    return elf.exits_with_uid(libc.abi())


def run(directory: Directory, name: str) -> confined.Ended:
    """Execute a file of the directory.

    Under a seccomp filter, because who serves the file system may serve another program. A signal
    that ends it is UNKNOWN: the file system may be the cause, or whoever else sends signals.
    """
    try:
        with directory.file(name, os.O_PATH) as fd:
            ended = confined.execute(fd)
    except confined.UnconfinedError as error:
        raise Unknown(Reason.KERNEL, f"not run: {error}") from None
    except confined.NotRunError as error:
        raise Unknown(Reason.ERROR, f"not run: {error}") from None
    if ended.status < 0:
        raise Unknown(Reason.ERROR, f"the program was ended by signal {-ended.status}")
    return ended


def run_as_owner(directory: Directory, name: str, owner: int) -> None:
    """Execute a setuid file that tells its effective uid; *no* if that is not its owner's."""
    ended = run(directory, name)
    if ended.status == owner & 0xFF:
        return
    if ended.modest:
        raise Unknown(Reason.PRIVILEGE, f"it was run with no_new_privs, since {ended.modest}")
    if _no_new_privileges():
        raise Unknown(Reason.PRIVILEGE, "this process may gain no privileges (no_new_privs)")
    raise No(f"it ran as uid {ended.status}, not as its owner")


@probe("Does what is made here get the mode that was asked for?")
def created(area: Area) -> None:
    """A file and a directory, made with 0666 and 0777 under a umask of 022, are 0644 and 0755.

    A default ACL takes the umask's place and is handed on to all that is made below (acl(5)); a
    mount or a server may give every file the same mode.
    """
    before = os.umask(_UMASK)
    try:
        area.scratch.write("made file", b"", 0o666)
        area.scratch.make("made directory", 0o777)
    finally:
        os.umask(before)
    for name, wanted in (("made file", 0o644), ("made directory", 0o755)):
        with verifying():
            seen = stat.S_IMODE(area.scratch.stat(name).st_mode) & 0o777
        if seen != wanted:
            raise No(f"a {name} has {seen:04o}, not {wanted:04o}{_inherited(area)}")


def _inherited(area: Area) -> str:
    try:
        xattrs.get(area.scratch.fd, "system.posix_acl_default")
    except OSError:
        return ""
    return "; the directory has a default ACL"


@probe("Are directories made here free of an inherited setgid bit?")
def inherited(area: Area) -> None:
    """*No* if the probed directory has the bit, which directories inherit (inode(7)).

    Most engines take it off again, by giving the directories that they make a mode; not all do.
    """
    if calls.fstat(area.target.fd).st_mode & stat.S_ISGID:
        raise No("the directory has the setgid bit")


@probe("Can a program that lies here be executed?", no=(EACCES, EPERM, ENOEXEC))
def execute(area: Area) -> None:
    """Write a tiny program and run it; EACCES on a mount with ``noexec``."""
    if area.mount_flags & os.ST_NOEXEC:
        raise No("the mount has noexec", errno="EACCES")
    with setting_up():
        area.scratch.write("program", program(), 0o700)
    status = run(area.scratch, "program").status
    if status != os.geteuid() & 0xFF:
        raise No(f"it ended with status {status}")


@probe(
    "Is the setuid bit honoured?",
    no=(EACCES, EPERM, ENOENT),
    capabilities=("CAP_CHOWN", "CAP_FSETID"),
    after=(execute,),
)
def setuid(area: Area) -> None:
    """Run a setuid program of uid 1000, which tells its effective uid; ``nosuid`` takes it away.

    Without CAP_SYS_ADMIN it can be run safely only with no_new_privs, which does the same.
    """
    if area.mount_flags & os.ST_NOSUID:
        raise No("the mount has nosuid")
    if not area.scratch.exists("program"):
        skip("there is no program to run")
    area.scratch.chown("program", _OWNER, _OWNER)
    area.scratch.chmod("program", 0o4755)
    if "CAP_SYS_ADMIN" not in area.host.capabilities:
        raise Unknown(Reason.PRIVILEGE, "not run: that takes CAP_SYS_ADMIN to be safe")
    run_as_owner(area.scratch, "program", _OWNER)


def _no_new_privileges() -> bool:
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:
        return any(line.split() == ["NoNewPrivs:", "1"] for line in status)


@probe("Can a directory here be bind-mounted elsewhere?")
def bindable(area: Area) -> None:
    """*No* if the mount is unbindable (mount_namespaces(7)), as mountinfo tells.

    Nothing is tried: in a mount namespace of our own its copy would not be unbindable any more.
    """
    if area.mount is None:
        raise Unknown(Reason.ERROR, "the mount could not be found in /proc/self/mountinfo")
    if "unbindable" in area.mount.propagation:
        raise No("the mount is unbindable", errno="EINVAL")


@probe(
    "Can other users use what lies below a directory that is closed to them?",
    no=(EACCES, EPERM, ENOENT),
    capabilities=("CAP_SETUID",),
)
def below(area: Area) -> None:
    """As uid 1000, in a directory of mode 0777 below one of 0700: open a file of 0666, make one.

    So do the users of a container: a bind mount brings them there, past the directories that its
    engine keeps to root. A server that goes by paths as the user who asks, as mergerfs does, has
    him pass each of those.
    """
    _ask_another(area)


@probe(
    "Can other users use what its mode lets them?",
    no=(EACCES, EPERM),
    capabilities=("CAP_SETUID",),
    after=(below,),
)
def others(area: Area) -> None:
    """As ``mode.below``; where he is refused there, with the way there open to passing through.

    A FUSE file system that is not mounted with allow_other is closed to all but who mounted it
    (fs/fuse/dir.c:fuse_allow_current_process), NFS with Kerberos to whom has no ticket.
    """
    if area.outcome(below) is Outcome.YES:
        return
    with setting_up():
        calls.fchmod(area.scratch.fd, 0o711)
    try:
        _ask_another(area)
    finally:
        calls.fchmod(area.scratch.fd, 0o700)


def _ask_another(area: Area) -> None:
    # Nobody can guess it: what he put in there, root would remove with all that lies in it.
    name, worker = f"open to all {random(8).hex()}", os.getpid()
    with setting_up(), area.scratch.mkdir(name) as place:
        place.write("file", b"")
        place.chmod("file", 0o666)
        area.scratch.chmod(name, 0o777)
    with area.scratch.directory(name) as place:
        hindered = in_helper(lambda: _as_another(place, worker), area.seconds)
    if hindered:
        raise Unknown(Reason.PRIVILEGE, hindered)


def _as_another(place: Directory, worker: int) -> str:
    """In a helper, which stays closed to that user's debuggers (PR_SET_DUMPABLE is not set).

    Returns what hinders it from being him.
    """
    try:
        calls.fchdir(place.fd)
        with naming("setgroups"):
            os.setgroups([])
        with naming("setresgid"):
            os.setresgid(_OWNER, _OWNER, _OWNER)
        with naming("setresuid"):
            os.setresuid(_OWNER, _OWNER, _OWNER)
        die_with(worker)  # a change of ids forgets that
    except OSError as error:
        return f"this process may not become uid {_OWNER}: {error.strerror}"
    for name, flags in (("file", os.O_RDWR), ("theirs", os.O_WRONLY | os.O_CREAT | os.O_EXCL)):
        with naming("open as uid 1000"):
            calls.close(calls.open(name, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
    return ""


@probe("May root do here what was asked?")
def root(area: Area) -> None:
    """Asked as root, or of what this kernel alone keeps: a block device or memory, not FUSE.

    Elsewhere root may be let do less than the user who asked: NFS squashes it, FUSE without
    allow_other shuts it out. Nothing is tried.
    """
    if area.host.euid == 0 and area.host.initial_user_namespace:
        return
    mount = area.mount
    if mount is not None and mount.magic is not None:
        magic = int(mount.magic, 16)
        if magic in _OF_THIS_KERNEL or (mount.devices and magic != _FUSE):
            return
    raise Unknown(Reason.PRIVILEGE, "not asked as root, who may be let do less here")
