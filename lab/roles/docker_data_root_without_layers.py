"""A data-root without its layers, which a containerd beside it keeps, as with Docker 29."""

from lab.engines import docker
from lab.outcome import Outcome
from lab.place import Place

ID = "docker/data-root-without-layers"
ENGINE = "docker"
SINCE = (26,)


def work(place: Place) -> Outcome:
    return docker.data_root_without_layers(place)
