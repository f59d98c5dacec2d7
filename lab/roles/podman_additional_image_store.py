"""An image store that podman's root only reads: filled elsewhere, copied here, shared from here."""

from lab.engines import podman
from lab.outcome import Outcome
from lab.place import Place

ID = "podman/additional-image-store"
ENGINE = "podman"


def work(place: Place) -> Outcome:
    return podman.additional_image_store(place)
