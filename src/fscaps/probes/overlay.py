"""overlayfs on this file system: mounted where nobody sees it, and then used.

A mount that succeeds proves little: there are uppers on which it is silently read-only, and
uppers on which it works until something is deleted. So the cheap questions come first, the mount
last, and after it what containers do.
"""

from __future__ import annotations

import os
import stat
from errno import (
    EACCES,
    EDQUOT,
    EEXIST,
    EINVAL,
    EIO,
    ELOOP,
    ENODATA,
    ENOENT,
    ENOEXEC,
    ENOSPC,
    ENOTDIR,
    ENOTEMPTY,
    ENOTSUP,
    ENXIO,
    EOVERFLOW,
    EPERM,
    EREMOTE,
    EROFS,
    ESTALE,
    EUCLEAN,
    EXDEV,
    errorcode,
)

from .._linux import calls, mounts, xattrs
from .._linux.directory import Directory
from ..findings import Outcome, Reason
from . import (
    Answer,
    No,
    Unknown,
    _kept,
    _layers,
    _mounting,
    _overlay,
    _stacked,
    _userxattr,
    directory,
    mode,
    node,
    owner,
    probe,
    rename as renames,
    skip,
    xattr,
)
from ._area import setting_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._area import Area
    from ._overlay import Session

# What a mounted overlay may answer when the file system below it lets it down. It writes without
# CAP_SYS_RESOURCE, so a quota that root itself may exceed stops it (fs/overlayfs/super.c).
_FAILING = (
    *(EINVAL, EIO, EXDEV, EPERM, EACCES, ENOTSUP, ENOTEMPTY, EREMOTE, ESTALE, ENXIO, EOVERFLOW),
    *(EEXIST, ENOENT, ENOTDIR, EROFS, ELOOP, ENODATA),
)
_BROKEN = (*_FAILING, ENOSPC, EDQUOT)
_REFUSED = (EINVAL, ELOOP, ESTALE, EREMOTE, EXDEV, EIO, ENOTSUP, EOVERFLOW)

_FREEZES = ("0xf15f",)  # eCryptfs: docs/explanation/lab.md

_CAPABILITY = "security.capability"
_OWNER = 1000
_DEEPEST = 4

# What decides without a mount: overlay is known to break for want of any of these.
_SHARED = (directory.d_type, node.whiteout, renames.whiteout, renames.exchange)
_CHEAP = (*_SHARED, xattr.overlay_opaque)
_CHEAP_ROOTLESS = (*_SHARED, xattr.user_overlay_opaque)


@probe(
    "Can the upper and work directory of an overlay lie here?",
    no=_REFUSED,
    capabilities=("CAP_SYS_ADMIN",),
    # In a namespace that is entered here the setuid bits of mounts outside are not honoured.
    after=(directory.writable, mode.setuid, *_CHEAP),
)
def upper(area: Area) -> str:
    """*No* if overlay is known to break for want of what an earlier probe missed; else mount one.

    The mount is detached (fsmount(2)), has two lower layers and dockerd's own options, must not be
    silently read-only, and must show the layers merged: the upper file of two, no whiteout, an
    opaque directory empty. (fs/overlayfs/super.c:ovl_make_workdir, ovl_get_upper)
    """
    _overlay.refuse_unfit(area, _CHEAP)
    _overlay.refuse_unprivileged(area)
    try:
        session = _overlay.session(area)
    except mounts.MountError as error:
        raise _mounting.explained(error) from None
    with setting_up():
        flags = calls.fstatvfs(session.merged.fd).f_flag
    if flags & os.ST_RDONLY:
        raise No("mounted, but silently read-only", errno="EROFS")
    _layers.see_merged(
        session.merged,
        whiteout=area.outcome(node.whiteout) is Outcome.YES,
        opaque=area.outcome(xattr.overlay_opaque) is Outcome.YES,
    )
    return "mounted and writable"


def _in_use(area: Area) -> Session:
    if area.outcome(upper) is not Outcome.YES:
        raise Unknown(Reason.SKIPPED, "no overlay was mounted (see overlay.upper)")
    return _overlay.session(area)


@probe(
    "Does a file keep its content and attributes when overlay copies it up?",
    no=_BROKEN,
    after=(upper, owner.chown),
)
def copy_up(area: Area) -> None:
    """Open a lower file for appending, compare owner, mode and time; append."""
    session = _in_use(area)
    with setting_up(), session.place.directory("l1") as bottom:
        if area.outcome(owner.chown) is Outcome.YES:
            bottom.chown("append", _OWNER, _OWNER)
    _layers.append(session.merged)
    session.expect("append", b"lower, appended")


@probe(
    "Does a file keep its file capability when overlay copies it up?",
    no=_BROKEN,
    after=(copy_up, xattr.security_capability),
)
def capability(area: Area) -> None:
    """Give a lower file one, open it for writing, and look at it in the upper directory.

    Overlay gives the copy its attributes and then its owner, at which a server that itself calls
    chown(2), as virtiofsd does, loses it. (fs/overlayfs/copy_up.c:ovl_copy_up_metadata)
    """
    session = _in_use(area)
    kept = area.findings.get(xattr.security_capability.id)
    if kept and kept.outcome is Outcome.NO:
        raise No(f"since {kept.probe} is no: {kept.detail}", errno=kept.errno)
    if kept is None or kept.outcome is Outcome.UNKNOWN:
        skip("it is not known whether files have one (see xattr.security_capability)")
    with setting_up(), session.place.directory("l1") as bottom:
        _give_capability(bottom)
    calls.close(session.merged.open("attributes", os.O_WRONLY))
    _see_capability(session.upper, "when the file was copied up")
    session.expect("attributes", b"lower")


def _give_capability(bottom: Directory) -> None:
    fd = bottom.open("attributes")
    try:
        xattrs.put(fd, _CAPABILITY, xattr.NET_RAW)
    finally:
        calls.close(fd)


def _see_capability(place: Directory, when: str) -> None:
    with place.file("attributes") as fd:
        seen = _mark(fd, _CAPABILITY)
    if seen is None:
        raise No(f"the file capability was lost {when}", errno="ENODATA")
    if seen != xattr.NET_RAW:
        raise No(f"the file capability changed {when}")


@probe("Does a deleted file of a lower layer stay deleted?", no=_BROKEN, after=(upper,))
def whiteout(area: Area) -> None:
    """unlink(2): gone in lookup and in the listing, a whiteout in the upper directory."""
    session = _in_use(area)
    _layers.delete(session.merged)
    if not stat.S_ISCHR(session.upper.stat("delete").st_mode):
        raise No("the upper directory holds no whiteout")
    session.expect_nothing("delete")


@probe("Is a deleted and re-made directory empty?", no=_BROKEN, after=(upper,))
def opaque(area: Area) -> None:
    """Empty a lower directory, remove it, make it anew (``rm -r d; mkdir d``), and list it."""
    session = _in_use(area)
    _layers.make_again(session.merged)
    session.expect("again", {})


@probe("Can files and directories of a lower layer be renamed?", no=_BROKEN, after=(upper,))
def rename(area: Area) -> str:
    """A file, a directory (EXDEV is overlay's usual answer, on which mv copies), a replacement."""
    session = _in_use(area)
    _layers.move(session.merged)
    how = _layers.move_tree(session.merged)
    _layers.swap(session.merged)
    session.expect_nothing("move")
    session.expect("moved", b"lower")
    session.expect_nothing("fresh")
    session.expect("swap", {})
    moved = how != _layers.COPIED
    if moved:
        session.expect_nothing("tree")
    session.expect("woods" if moved else "tree", {b"file": b"lower"})
    return how


@probe("Does a program run in an overlay?", no=(*_BROKEN, ENOEXEC), after=(upper,))
def execute(area: Area) -> None:
    """Write a tiny program and run it; noexec of the mount below does not reach an overlay."""
    session = _in_use(area)
    status = mode.run(session.merged, _program(session)).status
    if status != os.geteuid() & 0xFF:
        raise No(f"it ended with status {status}")


def _program(session: Session) -> str:
    """The name of a program; of an empty file, where none is known for this machine."""
    if not session.merged.exists("program"):
        session.merged.write("program", mode.program(), 0o700)
    return "program"


@probe(
    "Does everything else that containers make work in an overlay?",
    no=_BROKEN,
    capabilities=("CAP_MKNOD", "CAP_CHOWN"),
    after=(upper, execute),
)
def special(area: Area) -> None:
    """Hard link, FIFO, a device node that opens, chown and the setuid bit.

    nodev and nosuid of the mount below do not reach an overlay.
    """
    session = _in_use(area)
    merged = session.merged
    _layers.link(merged)
    _layers.make_nodes(merged)
    program = _program(session)
    _layers.give_away(merged, program, _OWNER)
    session.expect("linked", b"middle")
    session.expect("fifo", None)
    session.expect("null", None)
    session.expect(program, merged.read(program))


@probe(
    "Does an overlay keep it all over an unmount?",
    no=_BROKEN,
    after=(copy_up, capability, whiteout, opaque, rename, special),
)
def remount(area: Area) -> str:
    """Unmount, mount the same layers again, and read back what the probes before this left.

    Of each entry its type, mode, owner and device, what it holds, and but for directories its link
    count and time.
    """
    session = _in_use(area)
    if area.astray:  # fs/namespace.c:clone_private_mount
        raise Unknown(Reason.ERROR, "the layers are seen from another mount namespace")
    try:
        session.mount_again()
    except mounts.MountError as error:
        raise _mounting.explained(error) from None
    for name, expected in session.expected.items():
        _kept.differing(session.merged, name, expected)
    if "attributes" in session.expected:
        _see_capability(session.merged, "over the unmount")
    return f"{len(session.expected)} entries read back"


@probe(
    "Can layers be read and written past the overlay (native diff)?",
    no=_FAILING,
    after=(upper, rename),
)
def native_diff(area: Area) -> None:
    """Writing into an opaque lower directory must not copy its mark up, nor a rename leave one.

    As moby asks (daemon/graphdriver/overlay2/check.go:doesSupportNativeDiff); on *no* it unpacks
    and compares layers through the mount, which is slower.
    """
    session = _in_use(area)
    with session.merged.directory("opaque") as child:
        child.write("new", b"new")
    with session.upper.directory("opaque") as child:
        if _mark(child.fd, _layers.OPAQUE) == b"y":
            raise No("the opaque mark was copied up (a kernel before 4.8)")
    if session.upper.exists("woods"):
        with session.upper.directory("woods") as child:
            if _mark(child.fd, "trusted.overlay.redirect"):
                raise No("renamed directories are marked (redirect_dir is on)")


def _mark(fd: int, name: str) -> bytes | None:
    try:
        return xattrs.get(fd, name)
    except OSError as error:
        if error.errno in (ENODATA, ENOTSUP):
            return None
        raise


@probe("Does overlay copy up only the metadata on chmod (metacopy)?", no=_FAILING, after=(upper,))
def metacopy(area: Area) -> None:
    """chmod(2) of a lower file, then trusted.overlay.metacopy on it in the upper directory.

    As moby asks (v23.0.0 daemon/graphdriver/overlay2/check.go:usingMetacopy). Normally no.
    """
    session = _in_use(area)
    session.merged.chmod("metadata", 0o640)
    fd = session.upper.open("metadata")
    try:
        # That it is there is all it says: its value is empty (measured, Linux 6.1).
        if _mark(fd, "trusted.overlay.metacopy") is None:
            raise No("the whole file was copied")
    finally:
        calls.close(fd)


@probe(
    "Does overlay work here for a user without root (userxattr)?",
    no=_BROKEN,
    after=(upper, *_CHEAP_ROOTLESS),
)
def userxattr(area: Area) -> str:
    """Mount with ``userxattr`` in a new user namespace, then append, delete, re-make and rename.

    As rootless dockerd does (moby daemon/graphdriver/overlayutils/userxattr.go). *No* with EPERM
    where the kernel lets no user mount an overlay, as before Linux 5.11. In a helper, which takes
    its namespaces with it.
    """
    _overlay.refuse_unfit(area, _CHEAP_ROOTLESS)
    _overlay.refuse_danger(area)
    layers = _overlay.latest(area)
    with setting_up(), layers.mkdir("rootless") as place:
        for name in ("upper", "work", "merged"):
            place.mkdir(name).close()
    return _userxattr.ask(layers, area.seconds)


@probe(
    "Can this be a read-only lower layer of an overlay?",
    no=_BROKEN,
    after=(upper, userxattr, directory.writable),
)
def lower(area: Area) -> str:
    """Mount it below an upper directory on a tmpfs; read, append, delete, re-make a directory.

    In a mount namespace of the worker. Where no layer can be made, the probed directory itself is
    the layer: a new file is made above it, and a file read if it holds one. That tells what may not
    be written; of what fails it tells no more than a *no*.
    """
    _overlay.refuse_unprivileged(area)
    if area.mount and area.mount.magic in _FREEZES:
        raise Unknown(Reason.UNSAFE, "reading through an overlay on eCryptfs can freeze the kernel")
    failure = _failure(area)
    if failure is None:
        here, layer = _overlay.inside(area), "l1"
    else:
        with setting_up():
            here, layer = _overlay.entered(area.target), "."
    with _stacked.local() as local, _stacked.above(here, layer, local) as merged:
        if failure is None:
            return _stacked.change(merged)
        said = _stacked.look(merged, here)
    if failure is not area.directory:
        raise failure
    if isinstance(failure, OSError) and not _is_merely_refused(area, failure):
        name = errorcode.get(failure.errno or 0)
        raise Unknown(Reason.ERROR, "the file system fails already as a layer is made", errno=name)
    return said


def _failure(area: Area) -> OSError | Unknown | None:
    """Why no layer can be made here, if none can."""
    if not isinstance(area.directory, Directory):
        return area.directory
    try:
        _overlay.place(area)
    except (OSError, Unknown) as error:
        return error
    return None


def _is_merely_refused(area: Area, error: OSError) -> bool:
    """Whether nothing can be made here, which leaves reading as it is."""
    refused = area.outcome(directory.writable) is Outcome.NO
    return refused and error.errno not in (EIO, EUCLEAN)


@probe("How deep can overlays be stacked on this file system?", no=_BROKEN, after=(lower,))
def depth(area: Area) -> Answer:
    """Overlays mounted on overlays until the kernel refuses; two on an ordinary file system.

    (include/linux/fs.h: FILESYSTEM_MAX_STACK_DEPTH) One is what a container engine takes, a second
    what an engine in a container takes. The value counts.
    """
    _overlay.refuse_unprivileged(area)
    here = _overlay.inside(area)
    count = 0
    try:
        while count < _DEEPEST and _stacked.one_more(here, "merged" if count else "l2"):
            count += 1
    finally:
        with setting_up():
            for _ in range(count):
                mounts.detach(b"merged")
    if not count:
        raise No("not even one", value=0)
    return Answer(value=count)
