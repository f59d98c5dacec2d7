"""An image store that podman's root only reads, in an EROFS image file."""

from lab.engines import image_file
from lab.outcome import Outcome
from lab.place import Place

ID = "podman/loop-image-store"
ENGINE = "podman"


def work(place: Place) -> Outcome:
    return image_file.image_store(place)
