"""A FUSE server with one oddity, run as a script: `odd_server.py FD ODDITY [DEVICE]`.

devices  a file or node that has been looked at once is from then on the block device DEVICE
giving   whatever is made belongs to uid 1000, as on SMB with uid= or where NFS squashes
endless  the listing of a directory never ends, but in the root and right below it
"""

from __future__ import annotations

import os
import stat
import struct
import sys

from lab import fuse_server
from lab.fuse_server import ROOT, Node, Plan, Request, Tree

OWNER = 1000
_RECORD = 32
_ELSEWHERE = 1 << 40
"""The inode number of a device."""


class _Giving(Tree):
    def _make(self, request: Request, name: bytes, mode: int) -> Node:
        made = super()._make(request, name, mode)
        made.uid = OWNER
        return made


class _Endless(Tree):
    def _readdir(self, request: Request) -> bytes:
        if ROOT in (request.node.id, request.node.parent):
            return super()._readdir(request)
        _, offset, size = request.numbers("<2QI")
        numbers = range(offset + 1, offset + 1 + size // _RECORD)
        return b"".join(struct.pack("<2Q2I8s", 2, nth, 8, 8, b"%08d" % nth) for nth in numbers)


class _Devices(Tree):
    def __init__(self, *, locks: bool = False, attributes: bool = False) -> None:
        super().__init__(locks=locks, attributes=attributes)
        number = os.stat(sys.argv[3]).st_rdev
        encoded = os.minor(number) | os.major(number) << 8  # include/linux/kdev_t.h
        self._device = Node(_ELSEWHERE, stat.S_IFBLK | 0o666, 0, 0, rdev=encoded)
        self.nodes[_ELSEWHERE] = self._device
        self._asked: set[int] = set()

    def _lookup(self, request: Request) -> bytes:
        answer = super()._lookup(request)
        node = self.nodes[request.node.entries[request.names()[0]]]
        known = node.id in self._asked
        self._asked.add(node.id)
        is_one = stat.S_ISREG(node.mode) or stat.S_ISCHR(node.mode)
        return self._device.entry() if known and is_one else answer


class _OddPlan(Plan):
    def tree(self) -> Tree:
        """The tree with the oddity that the command line names."""
        kinds: dict[str, type[Tree]] = {
            "giving": _Giving,
            "endless": _Endless,
            "devices": _Devices,
        }
        return kinds[sys.argv[2]](locks=True, attributes=True)


if __name__ == "__main__":
    plan = _OddPlan([], only=False, refuse={}, delay={}, whole=True)
    fuse_server.serve(int(sys.argv[1]), plan)
