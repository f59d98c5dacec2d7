"""What containers of Apptainer change, as root: --overlay DIRECTORY, an image elsewhere."""

from lab.engines import apptainer
from lab.outcome import Outcome
from lab.place import Place

ID = "apptainer/overlay-dir"
ENGINE = "apptainer"


def work(place: Place) -> Outcome:
    return apptainer.overlay(place)
