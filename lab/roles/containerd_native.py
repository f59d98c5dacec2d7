"""Containerd's root, with the native snapshotter."""

from lab.engines import containerd
from lab.outcome import Outcome
from lab.place import Place

ID = "containerd/native"
ENGINE = "containerd"


def work(place: Place) -> Outcome:
    return containerd.root(place, "native")
