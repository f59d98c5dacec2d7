"""A whole Docker data-root with containerd's snapshotters, the default since Docker 29."""

from lab.engines import docker
from lab.outcome import Outcome
from lab.place import Place

ID = "docker/containerd-store"
ENGINE = "docker"
SINCE = (26,)


def work(place: Place) -> Outcome:
    return docker.data_root(place, driver=None, features=["containerd-snapshotter"])
