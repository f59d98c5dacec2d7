"""An image of Apptainer's as a directory, unpacked, run and changed by root."""

from lab.engines import apptainer
from lab.outcome import Outcome
from lab.place import Place

ID = "apptainer/sandbox"
ENGINE = "apptainer"


def work(place: Place) -> Outcome:
    return apptainer.sandbox(place)
