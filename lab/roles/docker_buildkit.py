"""buildkit/ of a data-root: the build cache and its databases."""

from lab.engines import docker
from lab.outcome import Outcome
from lab.place import Place

ID = "docker/buildkit"
ENGINE = "docker"


def work(place: Place) -> Outcome:
    return docker.part(place, "buildkit", docker.build)
