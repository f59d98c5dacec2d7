"""A FUSE server with one oddity, run as a script: `odd_server.py FD ODDITY`.

giving   whatever is made belongs to uid 1000, as on SMB with uid= or where NFS squashes
endless  the listing of a directory never ends, but in the root and right below it
"""

from __future__ import annotations

import struct
import sys

from lab import fuse_server
from lab.fuse_server import ROOT, Node, Plan, Request, Tree

OWNER = 1000
_RECORD = 32


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


class _OddPlan(Plan):
    def tree(self) -> Tree:
        """The tree with the oddity that the command line names."""
        odd = {"giving": _Giving, "endless": _Endless}[sys.argv[2]]
        return odd(locks=True, attributes=True)


if __name__ == "__main__":
    plan = _OddPlan([], only=False, refuse={}, delay={}, whole=True)
    fuse_server.serve(int(sys.argv[1]), plan)
