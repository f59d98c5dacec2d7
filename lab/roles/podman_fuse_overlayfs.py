"""Podman's graphroot, as root, with fuse-overlayfs as the mount program."""

from lab.engines import podman
from lab.outcome import Outcome
from lab.place import Place

ID = "podman/fuse-overlayfs"
ENGINE = "podman"


def work(place: Place) -> Outcome:
    return podman.with_fuse_overlayfs(place)
