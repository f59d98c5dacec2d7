"""A bounded, distrustful look at a store."""

from __future__ import annotations

import itertools
import os
import stat
import time
from contextlib import contextmanager
from errno import ELOOP, ENOENT, ENOTDIR

from .._linux import locks, mountinfo, programs
from .._linux.directory import Directory, read_all
from ..errors import printable
from ..store import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from .._linux.listing import Entry
    from .._linux.mountinfo import MountLine

NAMES = 20_000
"""Names of one directory that are listed."""
LAYERS = 400
"""Layers that are looked into."""
FILES = 1_500
"""Files of layers whose attributes are looked at."""
STOP_IT = (
    "stop it before the store is copied, moved or mounted over; a store belongs to one engine on "
    "one host"
)
_GONE = (ENOENT, ENOTDIR, ELOOP)
_EXAMPLES = 3
_LIMITS = 8
_SMALL = 64 << 10


class Look:
    """The directory of a store, what was found so far, and when to stop.

    A file or directory that is not what it should be is as if it were not there.
    """

    def __init__(self, target: Directory, seconds: float) -> None:
        self.target = target
        self.problems: list[Problem] = []
        self.limits: dict[str, None] = {}
        self._ends = time.monotonic() + seconds
        self._mount = mountinfo.of(target.fd)

    @property
    def late(self) -> bool:
        """Whether time is up; then says so among the limits."""
        if time.monotonic() < self._ends:
            return False
        self.limit("time was up before all was looked at")
        return True

    def limit(self, text: str) -> None:
        """Say that something was not looked at; once, and not everything."""
        if len(self.limits) < _LIMITS:
            self.limits[text] = None

    def found(
        self, name: str, what: str, source: str, remedy: str = "", *, breaks: bool = True
    ) -> None:
        """Add a problem."""
        self.problems.append(Problem(name, what, source, remedy, breaks))

    # --- files and directories, of which nothing is believed --------------------------------

    @contextmanager
    def inside(self, *names: str | bytes) -> Iterator[Directory | None]:
        """The directory at the end of these names, or None; no link is followed on the way.

        None does not mean that there is none: see is_gone().
        """
        opened: list[Directory] = []
        at: Directory | None = self.target
        try:
            for name in names:
                assert at is not None
                at = at.directory(name)
                opened.append(at)
            yield at
        except OSError as error:
            if len(opened) == len(names):
                raise
            if error.errno not in _GONE:
                self.limit(f"{os.fsdecode(names[len(opened)])} could not be opened")
            yield None
        finally:
            for directory in opened:
                directory.close()

    def entries(self, directory: Directory | None, most: int = NAMES) -> list[Entry]:
        """What is in a directory, so much of it."""
        if directory is None:
            return []
        try:
            found = list(itertools.islice(directory.entries(), most + 1))
        except OSError:
            self.limit("a directory could not be listed")
            return []
        if len(found) > most:
            self.limit(f"only {most} names of a directory were listed")
        return found[:most]

    def names(self, directory: Directory | None, most: int = NAMES) -> list[bytes]:
        """The names in a directory, so many of them."""
        return [entry.name for entry in self.entries(directory, most)]

    def is_there(self, *names: str | bytes) -> bool:
        """Whether there certainly is something of that name."""
        *above, last = names
        with self.inside(*above) as directory:
            try:
                return directory is not None and directory.exists(last)
            except OSError:
                return False

    def lacks(self, *names: str | bytes) -> bool:
        """Whether there certainly is nothing of that name."""
        *above, last = names
        with self.inside(*above) as directory:
            try:
                return directory is not None and not directory.exists(last)
            except OSError:
                return False

    def is_gone(self, *names: str | bytes) -> bool:
        """Whether there certainly is no directory of that name; see below."""
        *above, last = names
        with self.inside(*above) as directory:
            return directory is not None and is_gone(directory, last)

    def is_filled(self, *names: str | bytes) -> bool:
        """Whether there is a directory of that name with something in it."""
        with self.inside(*names) as directory:
            try:
                return directory is not None and next(directory.entries(), None) is not None
            except OSError:
                return False

    # --- what holds for every store ---------------------------------------------------------

    def places(self, names: Iterable[str], source: str, roots: Collection[str] = ()) -> None:
        """Look for links and mounts among the directories of which the store consists.

        ``roots`` are those below which runc finds the roots of containers.
        """
        for name in names:
            if self.late:
                return
            try:
                kind = self.target.stat(name).st_mode
            except OSError:
                continue
            if stat.S_ISLNK(kind):
                self._linked(name, breaks=name in roots)
            elif stat.S_ISDIR(kind):
                self._mounted(name, source)

    def _linked(self, name: str, *, breaks: bool) -> None:
        self.found(
            "symlink",
            f"{name} is a symbolic link. What it leads to was not looked at.",
            "opencontainers/runc libcontainer/configs/validate/validator.go:rootfs at v1.1.5",
            "runc refuses a container's root below a link (invalid rootfs: not an absolute path, "
            "or a symlink); bind-mount the directory instead, or move the whole store",
            breaks=breaks,
        )

    def _mounted(self, name: str, source: str) -> None:
        with self.inside(name) as directory:
            mount = mountinfo.of(directory.fd) if directory else None
        if mount is None or self._mount is None or mount.id == self._mount.id:
            return
        if mount.device == self._mount.device and _is_itself(mount, self._mount, name):
            return  # Docker before 20.10 mounted overlay2 on itself
        what = f"{mount.type} from {mount.source}"
        where = (
            f"another place of the same file system ({mount.root})"
            if mount.device == self._mount.device
            else f"another file system ({printable(what)})"
        )
        self.found(
            "mounted-over",
            f"{name} is a mount of {where}. What lay in it before cannot be seen.",
            source,
            "mount the whole store instead, before the engine starts (RequiresMountsFor=)",
            breaks=False,
        )

    def owned(self, source: str, *files: tuple[str, ...]) -> Collection[int]:
        """Look for processes that hold a lock on one of these files; their ids."""
        held: dict[int, str] = {}
        for names in files:
            if self.late:
                break
            *above, last = names
            with self.inside(*above) as directory:
                for pid in _holders(directory, last):
                    held.setdefault(pid, "/".join(names))
        for pid, file in held.items():
            who = printable(programs.name(pid)) or "a process"
            self.found(
                "in-use",
                f"{who} (process {pid}) holds the lock on {file}.",
                source,
                STOP_IT,
                breaks=False,
            )
        return held


def is_gone(directory: Directory, name: str | bytes) -> bool:
    """Whether there certainly is no directory of that name; a link may lead to one."""
    try:
        mode = directory.stat(name).st_mode
        return not (stat.S_ISDIR(mode) or stat.S_ISLNK(mode))
    except OSError as error:
        return error.errno == ENOENT


def small(directory: Directory | None, name: str | bytes, most: int = _SMALL) -> bytes | None:
    """What is in a regular file, up to so many bytes; None if there is none."""
    if directory is None:
        return None
    try:
        with _regular(directory, name) as fd:
            return None if fd is None else read_all(fd, most)
    except OSError:
        return None


def examples(names: list[str]) -> str:
    """Some of them in words: ``a, b, c and 4 more``."""
    shown = ", ".join(map(printable, names[:_EXAMPLES]))
    more = len(names) - _EXAMPLES
    return shown + (f" and {more} more" if more > 0 else "")


@contextmanager
def _regular(directory: Directory, name: str | bytes) -> Iterator[int | None]:
    """A descriptor to read a regular file by; a device or FIFO of that name is not even opened."""
    handle = directory.open(name, os.O_PATH)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            yield None
            return
        fd = os.open(f"/proc/self/fd/{handle}", os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            yield fd
        finally:
            os.close(fd)
    finally:
        os.close(handle)


def _holders(directory: Directory | None, name: str) -> list[int]:
    if directory is None:
        return []
    try:
        handle = directory.open(name, os.O_PATH)
    except OSError:
        return []
    try:
        return locks.holders(handle)
    finally:
        os.close(handle)


def _is_itself(mount: MountLine, above: MountLine, name: str) -> bool:
    """Whether a directory is mounted on itself, as seen from the mount that holds the store."""
    below = os.path.relpath(mount.point, above.point)
    return os.path.normpath(os.path.join(above.root, below)) == os.path.normpath(
        mount.root
    ) and mount.point.endswith(f"/{name}")
