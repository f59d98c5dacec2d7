"""Podman's graphroot, as root, with the overlay driver of the kernel."""

from lab.engines import podman
from lab.outcome import Outcome
from lab.place import Place

ID = "podman/overlay"
ENGINE = "podman"


def work(place: Place) -> Outcome:
    return podman.graphroot(place, "overlay")
