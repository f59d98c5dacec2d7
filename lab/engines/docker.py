"""What Docker is given to do with a directory: all of its data-root, or a part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab import image
from lab.course import Course, Steps, layers, whole
from lab.engines.dockerd import Dockerd
from lab.outcome import Outcome, Stopped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lab.place import Place


class Docker(Dockerd):
    """A dockerd as the course takes it."""

    def differences(self, container: str, tree: image.Tree, below: Sequence[str]) -> list[str]:
        """Hold the root of a running container against what it must be."""
        return image.differences(self.container_root(container), tree, below)


def data_root(
    place: Place, *, driver: str | None, options: Sequence[str] = (), steps: Steps = layers
) -> Outcome:
    """Use the directory as the whole data-root."""
    root = place.generation.root
    docker = Docker(place.scratch, place.directory, driver=driver, root=root, options=options)
    return Course().run(docker, steps)


def part(place: Place, name: str, steps: Steps = whole) -> Outcome:
    """Use the directory as a part of a data-root on the local disk, before the daemon starts."""
    point = place.scratch / "data-root" / name
    point.mkdir(parents=True)
    docker = Docker(place.scratch, point.parent, driver="overlay2", root=place.generation.root)

    def mount() -> None:
        # Before the restart once more: when dockerd stops, it unmounts overlay2 (moby
        # daemon/graphdriver/overlay2/overlay.go Cleanup: RecursiveUnmount of its home).
        try:
            if not docker.mounted(point):
                docker.run("mount", "--bind", str(place.directory), str(point))
        except RuntimeError as error:
            raise Stopped("mount", str(error)) from error

    return Course(mount).run(docker, steps)
