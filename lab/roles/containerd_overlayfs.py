"""Containerd's root, with the overlayfs snapshotter."""

from lab.engines import containerd
from lab.outcome import Outcome
from lab.place import Place

ID = "containerd/overlayfs"
ENGINE = "containerd"


def work(place: Place) -> Outcome:
    return containerd.root(place, "overlayfs")
