"""A whole Docker data-root without -s: which driver dockerd picks, and what becomes of it."""

from lab.engines import docker
from lab.outcome import Outcome
from lab.place import Place

ID = "docker/default-driver"
ENGINE = "docker"


def work(place: Place) -> Outcome:
    return docker.data_root(place, driver=None)
