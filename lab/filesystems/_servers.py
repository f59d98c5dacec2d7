"""Servers of a cluster: on a machine of their own, whose network is a loopback only."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from lab.machine import Machine
from lab.network import alone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.bench import Bench

ADDRESS = "192.0.2.1"
"""Theirs and the client's: many a cluster takes no address of the loopback network (RFC 5737)."""


class _Servers(Machine):
    """What serves; where its programs keep files that cannot be put elsewhere is memory."""

    private: tuple[str, ...] = ()

    def prepare(self) -> None:
        self.run("ip", "address", "add", ADDRESS, "dev", "lo")
        for directory in self.private:
            self.run("mount", "-t", "tmpfs", "tmpfs", directory)


@contextmanager
def servers(bench: Bench, *private: str) -> Iterator[Machine]:
    """Give their machine until the bench is cleared, and its network while they are set up.

    What the caller starts meanwhile, as the client, is in that network too.
    """
    machine = _Servers(bench.directory("servers"))
    machine.private = private
    with alone():
        yield bench.exits.enter_context(machine)
