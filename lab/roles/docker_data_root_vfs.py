"""A whole Docker data-root, dockerd -s vfs."""

from lab.engines import docker
from lab.outcome import Outcome
from lab.place import Place

ID = "docker/data-root-vfs"
ENGINE = "docker"


def work(place: Place) -> Outcome:
    return docker.data_root(place, driver="vfs")
