"""Podman's graphroot, as root, with the vfs driver."""

from lab.engines import podman
from lab.outcome import Outcome
from lab.place import Place

ID = "podman/vfs"
ENGINE = "podman"


def work(place: Place) -> Outcome:
    return podman.graphroot(place, "vfs")
