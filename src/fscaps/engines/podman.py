"""Podman: what it can read of a path that many hosts share.

A placeholder for the engine that branch podman brings; there the role is an alternative.
"""

from __future__ import annotations

import dataclasses

from ..model import Engine
from . import _loop

ENGINE = Engine(
    id="podman",
    title="Podman",
    roles=(dataclasses.replace(_loop.IMAGE_STORE, alternative=False),),
)
