"""image/ of a data-root: image metadata."""

from lab.engines import docker
from lab.outcome import Outcome
from lab.place import Place

ID = "docker/image"
ENGINE = "docker"


def work(place: Place) -> Outcome:
    return docker.part(place, "image")
