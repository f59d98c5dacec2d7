"""overlay2/ of a data-root, mounted anew before each start."""

from lab.course import layers
from lab.engines import docker
from lab.outcome import Outcome
from lab.place import Place

ID = "docker/overlay2"
ENGINE = "docker"


def work(place: Place) -> Outcome:
    return docker.part(place, "overlay2", layers)
