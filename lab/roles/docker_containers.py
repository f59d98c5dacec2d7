"""containers/ of a data-root: settings and logs of the containers."""

from lab.engines import docker
from lab.outcome import Outcome
from lab.place import Place

ID = "docker/containers"
ENGINE = "docker"


def work(place: Place) -> Outcome:
    return docker.part(place, "containers")
