"""swarm/ of a data-root: the raft log, certificates, and the worker's tasks."""

from lab import network
from lab.engines import docker
from lab.outcome import Outcome
from lab.place import Place

ID = "docker/swarm"
ENGINE = "docker"


def work(place: Place) -> Outcome:
    with network.alone():
        return docker.part(place, "swarm", docker.swarm)
