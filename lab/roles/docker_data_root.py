"""A whole Docker data-root, dockerd -s overlay2."""

from lab.engines import docker
from lab.outcome import Outcome
from lab.place import Place

ID = "docker/data-root"
ENGINE = "docker"


def work(place: Place) -> Outcome:
    return docker.data_root(place, driver="overlay2")
