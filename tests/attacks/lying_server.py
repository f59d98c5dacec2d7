"""A FUSE server that overlayfs takes for an upper, and that lies: a script of uid 65534.

`lying_server.py FD UPPER WORK`: FD is an open /dev/fuse that is mounted already. Once the layers of
an overlay are all there, the directories `upper` and `work` are links to UPPER and WORK until one
is followed. A link to a layer leads to UPPER once it has been read. A line on stdout says `ready`,
then each names a directory about which it lied.
"""

from __future__ import annotations

import os
import stat
import struct
import sys

from lab import fuse_server
from lab.fuse_server import Node, Plan, Request, Tree

NOBODY = 65534


class Liar(Tree):
    """A tree with all that overlayfs asks of an upper directory, and two lies."""

    def __init__(self, targets: dict[bytes, bytes]) -> None:
        """Take where each name is to lead."""
        super().__init__(locks=True, attributes=True, flags=True)
        self.links = {name: self._link_to(target) for name, target in targets.items()}
        self.upper = targets[b"upper"]
        self.layer_links = 0
        self.merged: int | None = None
        self.complete = False

    def _link_to(self, target: bytes) -> Node:
        link = Node(len(self.nodes) + 1, stat.S_IFLNK | 0o777, 0, 0)
        link.data[:] = target
        self.nodes[link.id] = link
        return link

    def _mkdir(self, request: Request) -> bytes:
        made = super()._mkdir(request)
        if request.names(8)[0] == b"merged":  # the last that is made
            (self.merged,) = struct.unpack_from("<Q", made)
        return made

    def _releasedir(self, request: Request) -> bytes:
        self.complete |= request.node.id == self.merged
        return b""

    def _lookup(self, request: Request) -> bytes:
        name = request.names()[0]
        if self.complete and name in self.links and b"merged" in request.node.entries:
            os.write(1, name + b"\n")
            return self.links[name].entry()
        return super()._lookup(request)

    def _readlink(self, request: Request) -> bytes:
        self.links = {name: link for name, link in self.links.items() if link is not request.node}
        told = super()._readlink(request)
        if told.endswith(b"/diff"):  # overlay2's own shape; read once, and then followed
            self.layer_links += 1
            return told if self.layer_links == 1 else self.upper
        return told


class LyingPlan(Plan):
    """To answer all there is, from such a tree."""

    def tree(self) -> Tree:
        """The liar, who leads where the command line says."""
        return Liar({b"upper": os.fsencode(sys.argv[2]), b"work": os.fsencode(sys.argv[3])})


if __name__ == "__main__":
    device = int(sys.argv[1])
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    fuse_server.serve(device, LyingPlan([], only=False, refuse={}, delay={}, whole=True))
