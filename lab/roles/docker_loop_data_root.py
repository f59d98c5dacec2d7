"""A Docker data-root in an ext4 image file, dockerd -s overlay2."""

from lab.engines import image_file
from lab.outcome import Outcome
from lab.place import Place

ID = "docker/loop-data-root"
ENGINE = "docker"


def work(place: Place) -> Outcome:
    return image_file.data_root(place)
