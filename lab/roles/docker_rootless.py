"""A data-root of a user's own dockerd, -s overlay2."""

from lab.engines import docker_rootless
from lab.outcome import Outcome
from lab.place import Place

ID = "docker/rootless"
ENGINE = "docker"
ASKED_AS = "user"


def work(place: Place) -> Outcome:
    return docker_rootless.data_root(place, "overlay2")
