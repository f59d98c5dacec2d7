"""Podman, Buildah and CRI-O, whose images and containers lie in a containers/storage graphroot.

Sources are files of containers/storage at v1.43.0, which podman 4.3.1 has, unless another project
or version is named. What it checks is not the measure: docs/reference/podman.md says how each need
was measured, and where Buildah and CRI-O differ.
"""

from __future__ import annotations

from dataclasses import replace

from ...model import Engine, Role
from .. import _loop
from .._unpacking import ASKED_OF_LINKS, CHANGES, LINKED, LISTING, LISTING_OF_ROOT, by_program
from ._drivers import BY_PROGRAM, FOLLOWS, OPEN_TO_ALL, OVERLAY
from ._graphroot import COLON, GRAPHROOT, SHORT, UTF8, VOLUMES
from ._image_store import STORE
from ._layers import ATTRIBUTES, DEVICES, ENTRIES, NAMES, by_vfs
from ._picks import DRIVERS
from ._rootless import ROOTLESS

_ROOTFUL = (*GRAPHROOT, UTF8, SHORT, *ENTRIES, DEVICES, *ATTRIBUTES, *NAMES, *VOLUMES, LINKED)

ENGINE = Engine(
    id="podman",
    title="Podman, Buildah, CRI-O (containers/storage)",
    roles=(
        Role(
            id="podman/overlay",
            title="a whole podman graphroot",
            needs=(*_ROOTFUL, LISTING, *OVERLAY),
        ),
        Role(
            id="podman/fuse-overlayfs",
            title="a graphroot with fuse-overlayfs",
            needs=(*map(by_program, _ROOTFUL), *BY_PROGRAM),
            alternative=True,
        ),
        Role(
            id="podman/vfs",
            title="a graphroot with vfs",
            needs=(
                *map(by_vfs, _ROOTFUL),
                COLON,
                FOLLOWS,
                *OPEN_TO_ALL,
                CHANGES,
                replace(ASKED_OF_LINKS, says="lgetxattr …: {error}"),
                LISTING_OF_ROOT,
            ),
            alternative=True,
        ),
        Role(
            id="podman/rootless",
            title="a rootless graphroot",
            needs=(*GRAPHROOT, UTF8, SHORT, LISTING, *ROOTLESS),
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
    drivers=DRIVERS,
    oldest="4.3",
    newest="5.8",
    others=tuple(
        (name, "podman/overlay") for name in ("buildah", "cri-o", "crio", "containers-storage")
    ),
)
