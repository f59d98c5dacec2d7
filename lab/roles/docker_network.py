"""network/ of a data-root: the networks' database."""

from lab.engines import docker
from lab.outcome import Outcome
from lab.place import Place

ID = "docker/network"
ENGINE = "docker"


def work(place: Place) -> Outcome:
    return docker.part(place, "network")
