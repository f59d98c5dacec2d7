"""Podman: what it can read of a path that many hosts share."""

from __future__ import annotations

from ..model import Engine
from . import _loop

ENGINE = Engine(id="podman", title="Podman", roles=(_loop.IMAGE_STORE,))
