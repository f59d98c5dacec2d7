"""Podman, Buildah and CRI-O, whose images and containers lie in a containers/storage graphroot.

Sources are files of containers/storage at v1.43.0, which podman 4.3.1 has, unless another project
or version is named. What it checks is not the measure: docs/reference/podman.md says how each need
was measured, and where Buildah and CRI-O differ.
"""

from __future__ import annotations

from ...model import Driver, Engine, Role
from .. import _loop
from ._drivers import (
    ACCEPTED,
    BY_PROGRAM,
    D_TYPE,
    DELETES,
    FOLLOWS,
    LISTED,
    OPEN_TO_ALL,
    OVERLAY,
    PRIVATE,
    WHITEOUT,
)
from ._graphroot import COLON, GRAPHROOT, OPTION, SHORT, UTF8, VOLUMES
from ._image_store import STORE
from ._layers import ATTRIBUTES, DEVICES, ENTRIES, NAMES
from ._rootless import ROOTLESS

_ROOTFUL = (*GRAPHROOT, UTF8, SHORT, *ENTRIES, DEVICES, *ATTRIBUTES, *NAMES, *VOLUMES)

_FULL_COPY = "copies every layer and every container in full"

ENGINE = Engine(
    id="podman",
    title="Podman, Buildah, CRI-O (containers/storage)",
    roles=(
        Role(
            id="podman/overlay",
            title="a whole podman graphroot",
            needs=(*_ROOTFUL, *OVERLAY),
        ),
        Role(
            id="podman/fuse-overlayfs",
            title="a graphroot with fuse-overlayfs",
            needs=(*_ROOTFUL, *BY_PROGRAM),
            alternative=True,
        ),
        Role(
            id="podman/vfs",
            title="a graphroot with vfs",
            needs=(*_ROOTFUL, COLON, FOLLOWS, OPEN_TO_ALL),
            alternative=True,
        ),
        Role(
            id="podman/rootless",
            title="a rootless graphroot",
            needs=(*GRAPHROOT, UTF8, SHORT, *ROOTLESS),
            alternative=True,
        ),
        Role(
            id="podman/additional-image-store",
            title="an image store that is only read",
            needs=STORE,
            alternative=True,
        ),
        _loop.IMAGE_STORE,
    ),
    drivers=(
        Driver(
            "overlay",
            "podman/overlay",
            (D_TYPE, WHITEOUT, LISTED, OPTION, PRIVATE, ACCEPTED, DELETES),
        ),
        Driver(
            "fuse-overlayfs",
            "podman/fuse-overlayfs",
            (),
            "slower, and what is built with it may be wrong; without that program podman fails, "
            f"or takes vfs on an overlay, which {_FULL_COPY}",
        ),
    ),
    oldest="4.3",
    newest="5.8",
)
