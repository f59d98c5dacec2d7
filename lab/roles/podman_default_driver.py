"""Podman's graphroot, as root, no driver named: which one podman picks, and what becomes of it."""

from lab.engines import podman
from lab.outcome import Outcome
from lab.place import Place

ID = "podman/default-driver"
ENGINE = "podman"


def work(place: Place) -> Outcome:
    return podman.with_default_driver(place)
