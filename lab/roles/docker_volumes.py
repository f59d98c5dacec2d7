"""volumes/ of a data-root: named and declared volumes."""

from lab.engines import docker
from lab.outcome import Outcome
from lab.place import Place

ID = "docker/volumes"
ENGINE = "docker"


def work(place: Place) -> Outcome:
    return docker.part(place, "volumes")
