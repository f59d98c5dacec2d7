"""How the overlay that several probes share is mounted, and when none is."""

from __future__ import annotations

import os
from errno import EINVAL

from .._linux import calls, mounts
from .._linux.directory import Directory
from ..findings import Mounting, Outcome, Probe, Reason
from . import No, Unknown, _kept, _layers, node, skip, xattr
from ._area import no_namespace, setting_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Optional, TypeVar

    Mounted = TypeVar("Mounted")
    Options = dict[str, Optional[str]]

    from ._area import Area
    from ._kept import Content, Entry

_PANICS = {"0x47504653": "gpfs"}
"""File systems on which an overlay mount is known to panic the kernel (apptainer#2657)."""

_INDEX = "/sys/module/overlay/parameters/index"


class Session:
    """A mounted overlay, its upper directory, and what must be found in it after another mount."""

    def __init__(self, place: Directory, merged: Directory, upper: Directory) -> None:
        self.place = place
        self.upper = upper
        self.expected: dict[str, Entry] = {}
        self._merged: Directory | None = merged

    @property
    def merged(self) -> Directory:
        """The root of the overlay; ends the probe as UNKNOWN if it is not mounted any more."""
        if self._merged is None:
            skip("the overlay could not be mounted a second time (see overlay.remount)")
        return self._merged

    def expect(self, name: str, content: Content) -> None:
        """Have what stands at that name now found there after a second mount."""
        self.expected[name] = _kept.entry(self.merged, name, content)

    def expect_nothing(self, name: str) -> None:
        """Have nothing found at that name after a second mount."""
        self.expected[name] = {}

    def mount_again(self) -> None:
        """Unmount, and mount the same directories anew; raises MountError."""
        self.unmount()
        with setting_up(), self.place.directory("work") as work, work.directory("work") as inner:
            inner.clear()  # of incompat/volatile, with which no overlay mounts a second time
        self._merged = _mounted(self.place)

    def unmount(self) -> None:
        """Unmount, if it is mounted."""
        merged, self._merged = self._merged, None
        if merged is None:
            return
        merged.close()
        if not mounts.can_detach():
            mounts.detach(b"merged")  # relative: inside() left us in there


def place(area: Area) -> Directory:
    """The directory that holds the layers, made once in a run."""
    return area.once("overlay", lambda: _made(area))


def _made(area: Area) -> Directory:
    made = area.scratch.mkdir("overlay")
    _layers.fill(
        made,
        whiteout=area.outcome(node.whiteout) is Outcome.YES,
        opaque=area.outcome(xattr.overlay_opaque) is Outcome.YES,
    )
    return made


def inside(area: Area) -> Directory:
    """The layers, opened anew in a mount namespace of this process, entered once in a run."""
    return area.once("inside", lambda: _moved(area))


def _moved(area: Area) -> Directory:
    """Go there with the scratch directory: what is reached by another namespace is nosuid, nodev.

    (fs/namespace.c:mnt_may_suid)
    """
    try:
        layers = entered(place(area))
        outside, area.directory = area.scratch, layers.directory("..")
        found = area.made.get("session")
        if isinstance(found, Session):
            found.place = layers  # or it could not be mounted again from in here
    except (OSError, Unknown):  # one may have been entered and then not made ours
        area.astray = True
        raise
    outside.close()
    session = area.made.get("session")
    if isinstance(session, Session):
        session.place = layers  # nothing of the namespace that was left can be mounted any more
    return layers


def entered(base: Directory) -> Directory:
    """Enter a mount namespace of our own; the same directory in there, where we then are.

    Where none can be made that is UNKNOWN.
    """
    calls.fchdir(base.fd)  # unshare(2) takes the working directory along, but no descriptor
    try:
        mounts.private_namespace()
    except OSError as error:
        why = f"no mount namespace could be made: {error.strerror}"
        raise no_namespace(error.errno, why) from None
    return here()


def latest(area: Area) -> Directory:
    """The layers in whichever namespace this process is."""
    return inside(area) if "inside" in area.made else place(area)


def session(area: Area) -> Session:
    """The overlay on those layers, mounted once in a run; raises MountError."""
    layers = _to_mount(area)
    found = area.made.get("session")
    if not isinstance(found, Session):
        found = Session(layers, _mounted(layers), layers.directory("upper"))
        area.made["session"] = found
        if not mounts.can_detach():
            area.endings.append(found.unmount)
    return found


def _to_mount(area: Area) -> Directory:
    """The layers, in a namespace of our own where they cannot be mounted from here.

    Before Linux 5.2 nothing can be mounted detached, and of an unbindable mount (see
    mode.bindable) overlay takes no layer; its copy in another namespace is not unbindable.
    """
    bindable = area.mount is None or "unbindable" not in area.mount.propagation
    return latest(area) if mounts.can_detach() and bindable else inside(area)


def try_upper(area: Area) -> None:
    """Mount the layers with an upper directory of its own, and unmount; raises MountError."""
    layers = _to_mount(area)
    with setting_up(), layers.mkdir("tried") as made:
        for name in ("upper", "work", "merged"):
            made.mkdir(name).close()
    with layers.directory("tried") as made, Held() as held:
        chosen = options(held, layers, made)
        with volatile(lambda extra: _mounted_with({**chosen, **extra}, made)):
            pass
        if not mounts.can_detach():
            mounts.detach(made.path("merged"))


def _mounted(layers: Directory) -> Directory:
    with Held() as held:
        chosen = options(held, layers)
        return volatile(lambda extra: _mounted_with({**chosen, **extra}, layers))


def volatile(mount: Callable[[Options], Mounted]) -> Mounted:
    """Mount with ``volatile``, or without it where that is refused (before Linux 5.10).

    The mount's end would otherwise write out all that is dirty on the probed file system
    (fs/overlayfs/super.c:ovl_sync_fs), for longer than any deadline; and each copy-up would sync.
    No check of the kernel's depends on it.
    """
    try:
        return mount({"volatile": None})
    except OSError as error:
        if error.errno != EINVAL:
            raise
    return mount({})


def _mounted_with(options: Options, layers: Directory) -> Directory:
    if mounts.can_detach():
        return Directory(mounts.detached("overlay", options))
    with Held() as held:
        mounts.attached("overlay", os.fsencode(held.path(layers, "merged")), options)
    return layers.directory("merged")


class Held:
    """Directories that are held open until the kernel has taken them, by descriptor, for a mount.

    By their names it would follow a link, which a server that lies can answer where we made a
    directory; then root writes wherever that leads.
    """

    def __init__(self) -> None:
        self._open: list[Directory] = []

    def __enter__(self) -> Held:
        return self

    def __exit__(self, *_: object) -> None:
        for directory in self._open:
            directory.close()

    def path(self, place: Directory, name: str) -> str:
        """A path of the directory of that name that leads nowhere else; ``.`` is the place."""
        with setting_up():
            self._open.append(place.directory(name))
        return f"/proc/self/fd/{self._open[-1].fd}"


def options(held: Held, layers: Directory, writable: Directory | None = None) -> Options:
    """dockerd's own, by descriptor: what the path contains must not matter here.

    ``writable`` holds upper and work where those are not beside the layers.
    """
    top = writable or layers
    # moby daemon/graphdriver/overlay2/overlay.go:Init adds index=off where the kernel has it.
    index: Options = {"index": "off"} if os.path.exists(_INDEX) else {}
    return {
        **index,
        "lowerdir": f"{held.path(layers, 'l2')}:{held.path(layers, 'l1')}",
        "upperdir": held.path(top, "upper"),
        "workdir": held.path(top, "work"),
    }


def here() -> Directory:
    """The working directory, opened anew in the namespace that was just entered."""
    return Directory(calls.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))


def refuse_danger(area: Area) -> None:
    """End the probe where a mount is unwanted or unsafe."""
    if area.mounting is Mounting.NEVER:
        skip("no mount was wanted")
    magic = area.mount.magic if area.mount else None
    if magic is None:
        raise Unknown(Reason.UNSAFE, "the file system could not be identified before a mount")
    if magic in _PANICS or (area.mount and area.mount.type in _PANICS.values()):
        name = _PANICS.get(magic, "gpfs")
        raise Unknown(Reason.UNSAFE, f"an overlay mount on {name} can panic the kernel")


def refuse_unprivileged(area: Area) -> None:
    """End the probe where a mount is unwanted, unsafe, or not ours to make."""
    refuse_danger(area)
    if area.lacks(("CAP_SYS_ADMIN",)):
        raise Unknown(Reason.PRIVILEGE, f"a mount takes CAP_SYS_ADMIN{where(area)}")


def where(area: Area) -> str:
    """Where a capability has to be had; not said where that goes without saying."""
    initial = area.host.initial_user_namespace
    return "" if initial else " in the initial user namespace"


def refuse_unfit(area: Area, decisive: tuple[Probe, ...]) -> None:
    """Answer *no* without a mount where an earlier answer decides, with the errno of that."""
    if area.mounting is Mounting.ALWAYS:
        return
    for earlier in decisive:
        found = area.findings.get(earlier.id)
        if found and found.outcome is Outcome.NO:
            raise No(f"not mounted, since {earlier.id} is no: {found.detail}", errno=found.errno)
