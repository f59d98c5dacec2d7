"""A whole Docker data-root, dockerd -s fuse-overlayfs."""

from lab.engines import docker
from lab.outcome import Outcome
from lab.place import Place

ID = "docker/data-root-fuse-overlayfs"
ENGINE = "docker"


def work(place: Place) -> Outcome:
    return docker.data_root(place, driver="fuse-overlayfs")
