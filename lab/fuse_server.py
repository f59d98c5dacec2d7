"""A FUSE server over a tree in memory, speaking the raw protocol; run as a script.

`fuse_server.py FD PLAN`: FD is an open /dev/fuse that is mounted already, PLAN is JSON:

silent_at  operations (`"MKDIR"`) whose requests are read and never answered
after      so many requests of those are answered first
only       go on answering the other operations; else nothing is answered from then on
whole      keep attributes and locks, too; else only if they are among the operations named here
trace      say the operation of every request
refuse     operation: errno
delay      operation: seconds by which its answer comes late
lies       answers that are not true, by the names in LIES
flags      rename with flags, as overlay wants of an upper directory; else they are refused

A line on stdout says `ready`, then each names the operation of a request left unanswered, or of
any request.
The numbers and structs are those of linux/fuse.h; nothing but the standard library.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import signal
import stat
import struct
import sys
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

OPCODES = {
    "LOOKUP": 1, "FORGET": 2, "GETATTR": 3, "SETATTR": 4, "READLINK": 5, "SYMLINK": 6,
    "MKNOD": 8, "MKDIR": 9, "UNLINK": 10, "RMDIR": 11, "RENAME": 12, "LINK": 13, "OPEN": 14,
    "READ": 15, "WRITE": 16, "STATFS": 17, "RELEASE": 18, "FSYNC": 20, "SETXATTR": 21,
    "GETXATTR": 22, "LISTXATTR": 23, "REMOVEXATTR": 24, "FLUSH": 25, "INIT": 26, "OPENDIR": 27,
    "READDIR": 28, "RELEASEDIR": 29, "FSYNCDIR": 30, "GETLK": 31, "SETLK": 32, "SETLKW": 33,
    "ACCESS": 34, "CREATE": 35, "INTERRUPT": 36, "BMAP": 37, "DESTROY": 38, "IOCTL": 39,
    "POLL": 40, "BATCH_FORGET": 42, "FALLOCATE": 43, "READDIRPLUS": 44, "RENAME2": 45,
    "LSEEK": 46, "COPY_FILE_RANGE": 47, "SYNCFS": 50, "TMPFILE": 51, "STATX": 52,
}  # fmt: skip
NAMES = {number: name for name, number in OPCODES.items()}
LOCKS = {"GETLK", "SETLK", "SETLKW"}
ATTRIBUTES = {"SETXATTR", "GETXATTR", "LISTXATTR", "REMOVEXATTR"}
UNANSWERED = {"FORGET", "BATCH_FORGET", "INTERRUPT"}  # by protocol

ROOT = 1
MAX_WRITE = 1 << 17
BLOCK = 4096
NOREPLACE, EXCHANGE, WHITEOUT = 1, 2, 4  # linux/fs.h
SHORT = 143  # the longest name on eCryptfs


class RefusedError(Exception):
    """An operation ends with an errno."""

    def __init__(self, number: int) -> None:
        """Take the errno."""
        self.number = number


@dataclass
class Node:
    """One file of any type."""

    id: int
    mode: int
    uid: int
    gid: int
    nlink: int = 1
    rdev: int = 0
    parent: int = ROOT
    data: bytearray = field(default_factory=bytearray)
    entries: dict[bytes, int] = field(default_factory=dict)
    attributes: dict[bytes, bytes] = field(default_factory=dict)
    changed: float = field(default_factory=time.time)
    told_room: bool = True

    def status(self) -> bytes:
        """Struct fuse_attr."""
        size, when = len(self.data), int(self.changed)
        blocks = -(-size // 512) if self.told_room else 0
        times = (when, when, when, 0, 0, 0)
        owner = (self.mode, max(self.nlink, 0), self.uid, self.gid, self.rdev, BLOCK, 0)
        return struct.pack("<6Q10I", self.id, size, blocks, *times, *owner)

    def entry(self) -> bytes:
        """Struct fuse_entry_out, valid for no time at all: every question reaches us."""
        return struct.pack("<4Q2I", self.id, 0, 0, 0, 0, 0) + self.status()


@dataclass
class Request:
    """One request: its header and what follows."""

    operation: str
    unique: int
    node: Node
    uid: int
    gid: int
    body: bytes
    longest: int | None = None

    def names(self, skip: int = 0) -> list[bytes]:
        """Give the zero-terminated names behind the fixed part of the body."""
        return [name[: self.longest] for name in self.body[skip:].split(b"\0")[:-1]]

    def numbers(self, layout: str) -> tuple[Any, ...]:
        """Unpack the fixed part of the body."""
        return struct.unpack_from(layout, self.body)


class Tree:
    """The file system in memory: one method for each operation, named like it."""

    def __init__(
        self, *, locks: bool = False, attributes: bool = False, flags: bool = False
    ) -> None:
        """Start with an empty root directory; ask for locks to be sent here if wanted."""
        self.keeps_attributes = attributes
        self.renames_with_flags = flags
        self.late: list[bytes] = []  # names that a lie keeps back
        self.flags = 1 << 1 | 1 << 10 if locks else 0  # FUSE_POSIX_LOCKS, FUSE_FLOCK_LOCKS
        self.nodes = {ROOT: Node(ROOT, stat.S_IFDIR | 0o755, 0, 0, nlink=2)}

    def answer(self, request: Request) -> bytes:
        """Give the body of the answer, or refuse."""
        name = f"_{request.operation.lower()}"
        operation: Callable[[Request], bytes] = getattr(self, name, self._unknown)
        return operation(request)

    def _unknown(self, _: Request) -> bytes:
        raise RefusedError(errno.ENOSYS)

    def _init(self, _: Request) -> bytes:
        """Struct fuse_init_out: version 7.31, no optional feature but locks."""
        return struct.pack("<4I2H2I2H8I", 7, 31, 0, self.flags, 12, 9, MAX_WRITE, 1, 0, 0, *[0] * 8)

    def _lookup(self, request: Request) -> bytes:
        return self._child(request.node, request.names()[0]).entry()

    def _getattr(self, request: Request) -> bytes:
        return struct.pack("<Q2I", 0, 0, 0) + request.node.status()

    def _setattr(self, request: Request) -> bytes:
        valid, _, _, size, *_, mode, _, uid, gid, _ = request.numbers("<2I6Q8I")
        node = request.node
        if valid & 1:
            node.mode = stat.S_IFMT(node.mode) | stat.S_IMODE(mode)
        node.uid = uid if valid & 2 else node.uid
        node.gid = gid if valid & 4 else node.gid
        if valid & 8:
            del node.data[size:]
            node.data.extend(bytes(size - len(node.data)))
        return self._getattr(request)

    def _mkdir(self, request: Request) -> bytes:
        (mode,) = request.numbers("<I")
        made = self._make(request, request.names(8)[0], stat.S_IFDIR | mode)
        made.nlink = 2
        request.node.nlink += 1
        return made.entry()

    def _mknod(self, request: Request) -> bytes:
        mode, rdev = request.numbers("<2I")
        made = self._make(request, request.names(16)[0], mode)
        made.rdev = rdev
        return made.entry()

    def _symlink(self, request: Request) -> bytes:
        name, target = request.names()
        made = self._make(request, name, stat.S_IFLNK | 0o777)
        made.data[:] = target
        return made.entry()

    def _readlink(self, request: Request) -> bytes:
        return bytes(request.node.data)

    def _link(self, request: Request) -> bytes:
        (old,) = request.numbers("<Q")
        self._put(request.node, request.names(8)[0], self.nodes[old])
        self.nodes[old].nlink += 1
        return self.nodes[old].entry()

    def _create(self, request: Request) -> bytes:
        _, mode = request.numbers("<2I")
        return self._make(request, request.names(16)[0], mode).entry() + self._open(request)

    def _open(self, _: Request) -> bytes:
        return struct.pack("<Q2I", 0, 0, 0)

    _opendir = _open

    def _read(self, request: Request) -> bytes:
        _, offset, size = request.numbers("<2QI")
        return bytes(request.node.data[offset : offset + size])

    def _write(self, request: Request) -> bytes:
        _, offset, size = request.numbers("<2QI")
        data = request.node.data
        data.extend(bytes(max(0, offset - len(data))))
        data[offset : offset + size] = request.body[40 : 40 + size]
        return struct.pack("<2I", size, 0)

    def _readdir(self, request: Request) -> bytes:
        _, offset, size = request.numbers("<2QI")
        node = request.node
        listed = {b".": node.id, b"..": node.parent, **node.entries}
        answer = b""
        for position, (name, child) in enumerate(listed.items(), start=1):
            kind = stat.S_IFMT(self.nodes[child].mode) >> 12
            record = struct.pack("<2Q2I", child, position, len(name), kind) + name
            record += bytes(-len(record) % 8)
            if position > offset:
                if len(answer) + len(record) > size:
                    break
                answer += record
        return answer

    def _unlink(self, request: Request) -> bytes:
        self._child(request.node, request.names()[0]).nlink -= 1
        del request.node.entries[request.names()[0]]
        return b""

    def _rmdir(self, request: Request) -> bytes:
        if self._child(request.node, request.names()[0]).entries:
            raise RefusedError(errno.ENOTEMPTY)
        request.node.nlink -= 1
        return self._unlink(request)

    def _rename(self, request: Request) -> bytes:
        (directory,) = request.numbers("<Q")
        old, new = request.names(8)
        moved, target = self._child(request.node, old), self.nodes[directory]
        replaced = target.entries.get(new)
        if replaced is not None and self.nodes[replaced].entries:
            raise RefusedError(errno.ENOTEMPTY)
        del request.node.entries[old]
        target.entries[new] = moved.id
        moved.parent = target.id
        return b""

    def _rename2(self, request: Request) -> bytes:
        """It comes only with flags."""
        directory, flags = request.numbers("<QI")
        old, new = request.names(16)
        moved, target = self._child(request.node, old), self.nodes[directory]
        if not self.renames_with_flags:
            raise RefusedError(errno.EINVAL)
        if flags & EXCHANGE:
            request.node.entries[old] = self._child(target, new).id
            target.entries[new] = moved.id
            return b""
        if flags & NOREPLACE and new in target.entries:
            raise RefusedError(errno.EEXIST)
        del request.node.entries[old]
        target.entries[new], moved.parent = moved.id, target.id
        if flags & WHITEOUT:
            self._make(request, old, stat.S_IFCHR)
        return b""

    def _setxattr(self, request: Request) -> bytes:
        size, _ = request.numbers("<2I")
        name = request.names(8)[0]
        self._kept(request.node)[name] = request.body[8 + len(name) + 1 :][:size]
        return b""

    def _getxattr(self, request: Request) -> bytes:
        return self._sized(request, self._attribute(request.node, request.names(8)[0]))

    def _listxattr(self, request: Request) -> bytes:
        return self._sized(request, b"".join(name + b"\0" for name in self._kept(request.node)))

    def _removexattr(self, request: Request) -> bytes:
        (name,) = request.names()
        self._attribute(request.node, name)
        del request.node.attributes[name]
        return b""

    def _kept(self, node: Node) -> dict[bytes, bytes]:
        if not self.keeps_attributes:
            raise RefusedError(errno.ENOSYS)
        return node.attributes

    def _attribute(self, node: Node, name: bytes) -> bytes:
        try:
            return self._kept(node)[name]
        except KeyError:
            raise RefusedError(errno.ENODATA) from None

    def _sized(self, request: Request, data: bytes) -> bytes:
        """Struct fuse_getxattr_out for who asks for the size, else the data."""
        (room,) = request.numbers("<I")
        if room and room < len(data):
            raise RefusedError(errno.ERANGE)
        return data if room else struct.pack("<2I", len(data), 0)

    def _statfs(self, _: Request) -> bytes:
        free = 1 << 20
        return struct.pack("<5Q4I24x", free, free, free, free, free, BLOCK, 255, BLOCK, 0)

    def _done(self, _: Request) -> bytes:
        return b""

    _release = _releasedir = _flush = _fsync = _fsyncdir = _access = _destroy = _done
    _setlk = _setlkw = _done

    def _child(self, directory: Node, name: bytes) -> Node:
        try:
            return self.nodes[directory.entries[name]]
        except KeyError:
            raise RefusedError(errno.ENOENT) from None

    def _make(self, request: Request, name: bytes, mode: int) -> Node:
        made = Node(len(self.nodes) + 1, mode, request.uid, request.gid, parent=request.node.id)
        self._put(request.node, name, made)
        self.nodes[made.id] = made  # for good: a removed file may still be open
        return made

    def _put(self, directory: Node, name: bytes, node: Node) -> None:
        if name in directory.entries:
            raise RefusedError(errno.EEXIST)
        directory.entries[name] = node.id


def _zeros(tree: Tree, request: Request) -> bytes:
    return bytes(len(tree.answer(request)))


def _nothing(_tree: Tree, _request: Request) -> bytes:
    return b""


def _of_another_group(tree: Tree, request: Request) -> bytes:
    return tree.answer(replace(request, gid=4711))


def _without_room(tree: Tree, request: Request) -> bytes:
    request.node.told_room = False
    return tree.answer(request)


def _cut_short(tree: Tree, request: Request) -> bytes:
    return tree.answer(replace(request, longest=100))


def _without_special(tree: Tree, request: Request) -> bytes:
    kept = (stat.S_IFREG, stat.S_IFDIR)
    entries = {
        name: child
        for name, child in request.node.entries.items()
        if stat.S_IFMT(tree.nodes[child].mode) in kept
    }
    return tree.answer(replace(request, node=replace(request.node, entries=entries)))


def _keep_back(tree: Tree, request: Request) -> bytes:
    new = request.names(8)[1]
    replaced = new in tree.nodes[request.numbers("<Q")[0]].entries
    body = tree.answer(request)
    tree.late += [new, new] if replaced else []  # the kernel looks twice
    return body


def _not_yet(tree: Tree, request: Request) -> bytes:
    (name,) = request.names()
    if name in tree.late:
        tree.late.remove(name)
        raise RefusedError(errno.ENOENT)
    return tree.answer(request)


def _one_inode(tree: Tree, request: Request) -> bytes:
    body, at = bytearray(tree.answer(request)), 0
    while at < len(body):
        _, _, length = struct.unpack_from("<2QI", body, at)  # struct fuse_dirent
        struct.pack_into("<Q", body, at, 0xFFFFFFFF)  # as libfuse does that is told none
        at += -(-(24 + length) // 8) * 8
    return bytes(body)


def _faked(tree: Tree, request: Request) -> bytes:
    mode, _ = request.numbers("<2I")
    if stat.S_ISCHR(mode):
        body = struct.pack("<I", stat.S_IFREG | 0o777) + request.body[4:]
        tree.answer(replace(request, body=body))
        raise RefusedError(errno.EIO)
    return tree.answer(request)


def _of_the_target(tree: Tree, request: Request) -> bytes:
    if stat.S_ISLNK(request.node.mode):  # one that leads nowhere, like most links of a layer
        raise RefusedError(errno.ENOENT)
    return tree.answer(request)


def _of_the_linker(tree: Tree, request: Request) -> bytes:
    tree.nodes[request.numbers("<Q")[0]].uid = request.uid
    return tree.answer(request)


def _guarded(tree: Tree, request: Request) -> bytes:
    if stat.S_ISREG(request.node.mode) and request.node.nlink > 1:
        raise RefusedError(errno.EROFS)
    return tree.answer(request)


def _small_blocks(tree: Tree, request: Request) -> bytes:
    _, _, size = request.numbers("<2QI")
    if size > 4 * BLOCK:  # the most that davfs2 takes
        raise RefusedError(errno.EINVAL)
    return tree.answer(request)


def _composed(tree: Tree, request: Request) -> bytes:
    body = request.body.replace("e\u0301".encode(), "\u00e9".encode())
    return tree.answer(replace(request, body=body))


def _too_long(tree: Tree, request: Request) -> bytes:
    if len(request.names(16)[0]) > SHORT:
        raise RefusedError(errno.ENAMETOOLONG)
    return tree.answer(request)


def _forget_upper(tree: Tree, request: Request) -> bytes:
    """Overlay makes a directory in its work directory whenever it is mounted."""
    beside = tree.nodes[request.node.parent].entries
    if request.names(8)[0] == b"work" and b"upper" in beside:
        tree.nodes[beside[b"upper"]].entries.clear()
    return tree.answer(request)


def _no_whiteout(tree: Tree, request: Request) -> bytes:
    mode, rdev = request.numbers("<2I")
    is_work = tree.nodes[request.node.parent].entries.get(b"work") == request.node.id
    if is_work and stat.S_ISCHR(mode) and not rdev:
        raise RefusedError(errno.EPERM)
    return tree.answer(request)


def _without_capability(tree: Tree, request: Request) -> bytes:
    """As the kernel itself does where a server calls chown(2)."""
    if request.numbers("<I")[0] & 6:  # linux/fuse.h: FATTR_UID, FATTR_GID
        request.node.attributes.pop(b"security.capability", None)
    return tree.answer(request)


NAMING = {
    *("LOOKUP", "CREATE", "MKDIR", "MKNOD", "SYMLINK", "LINK", "RENAME", "UNLINK", "RMDIR"),
}
MAKING = {"CREATE", "MKDIR", "MKNOD", "SYMLINK"}
LIES: dict[str, dict[str, Callable[[Tree, Request], bytes]]] = {
    "blocks-zero": dict.fromkeys(("SETATTR", "WRITE"), _without_room),
    "capability-of-owner": {"SETATTR": _without_capability},
    "gid-forced": dict.fromkeys(MAKING, _of_another_group),
    "inodes-untold": {"READDIR": _one_inode},
    "links-guarded": {"SETATTR": _guarded},
    "links-taken": {"LINK": _of_the_linker},
    "links-followed": {"GETXATTR": _of_the_target},
    "list-no-special": {"READDIR": _without_special},
    "list-small": {"READDIR": _small_blocks},
    "names-composed": {"LOOKUP": _composed},
    "names-cut": dict.fromkeys(NAMING, _cut_short),
    "names-short": {"CREATE": _too_long},
    "nodes-faked": {"MKNOD": _faked},
    "read-zeros": {"READ": _zeros},
    "rename2-nothing": {"RENAME2": _nothing},
    "replace-late": {"RENAME": _keep_back, "LOOKUP": _not_yet},
    "upper-forgotten": {"MKDIR": _forget_upper},
    "work-no-whiteouts": {"MKNOD": _no_whiteout},
}
"""The operations that each lie answers, and how."""


class Plan(NamedTuple):
    """How to misbehave; see the top of this file."""

    silent_at: list[str]
    only: bool
    refuse: dict[str, int]
    delay: dict[str, float]
    after: int = 0
    whole: bool = False
    trace: bool = False
    lies: tuple[str, ...] = ()
    flags: bool = False

    def tree(self) -> Tree:
        """The tree, with what is planned to misbehave."""
        planned = {*self.silent_at, *self.refuse, *self.delay}
        locks, attributes = self.whole or LOCKS & planned, self.whole or ATTRIBUTES & planned
        return Tree(locks=bool(locks), attributes=bool(attributes), flags=self.flags)

    def told(self, tree: Tree, request: Request) -> bytes:
        """Give the body of the answer, true or not, or refuse."""
        told = {name: how for lie in self.lies for name, how in LIES[lie].items()}
        return told.get(request.operation, Tree.answer)(tree, request)


def serve(device: int, plan: Plan) -> None:
    """Answer requests as planned until the file system is unmounted."""
    tree, silent, answered = plan.tree(), False, 0
    while True:
        try:
            message = os.read(device, MAX_WRITE + BLOCK)
        except OSError as error:
            if error.errno in {errno.ENOENT, errno.EINTR, errno.EAGAIN}:
                continue  # ENOENT: the asker was interrupted before we read
            return  # ENODEV: unmounted, or the connection was aborted
        _, opcode, unique, node, uid, gid = struct.unpack_from("<2I2Q2I", message)
        operation = NAMES.get(opcode, str(opcode))
        asked = tree.nodes[node or ROOT]  # INIT and the like name no file
        request = Request(operation, unique, asked, uid, gid, message[40:])
        is_due = operation in plan.silent_at and answered >= plan.after
        answered += operation in plan.silent_at
        if silent or is_due or (plan.trace and operation != "INIT"):
            os.write(1, f"{operation}\n".encode())
        if silent or is_due:
            silent = not plan.only
        elif operation not in UNANSWERED:
            answer(device, request, tree, plan)
            if operation == "INIT":
                os.write(1, b"ready\n")


def answer(device: int, request: Request, tree: Tree, plan: Plan) -> None:
    """Answer one request, as planned."""
    time.sleep(plan.delay.get(request.operation, 0))
    number, body = plan.refuse.get(request.operation, 0), b""
    if not number:
        try:
            body = plan.told(tree, request)
        except RefusedError as refusal:
            number = refusal.number
    header = struct.pack("<IiQ", 16 + len(body), -number, request.unique)
    # ENOENT: the asker has gone; ENODEV: the file system has, and the next read says so.
    with contextlib.suppress(OSError):
        os.write(device, header + body)


if __name__ == "__main__":
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    serve(int(sys.argv[1]), Plan(**json.loads(sys.argv[2])))
