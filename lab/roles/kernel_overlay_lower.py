"""The lower layer of an overlay that is mounted by hand, its upper layer in memory."""

from lab.engines import kernel
from lab.outcome import Outcome
from lab.place import Place

ID = "kernel/overlay-lower"
ENGINE = "kernel"


def work(place: Place) -> Outcome:
    return kernel.overlay_lower(place)
