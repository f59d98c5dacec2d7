"""Podman's graphroot, as an ordinary user, with the overlay driver of the kernel."""

from lab.engines import podman
from lab.outcome import Outcome
from lab.place import Place

ID = "podman/rootless"
ENGINE = "podman"
ASKED_AS = "user"


def work(place: Place) -> Outcome:
    return podman.rootless(place)
