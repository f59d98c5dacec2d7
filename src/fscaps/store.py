"""What an engine has laid down in a directory. Imports nothing of ours."""

from __future__ import annotations

from ._noun import Noun


class Problem(Noun):
    """Something about a store that whoever runs, copies or moves it should know.

    ``breaks`` says whether images or containers fail because of it; otherwise it matters to whoever
    copies, moves or starts the store.
    """

    id: str
    what: str
    source: str
    remedy: str = ""
    breaks: bool = True


class Store(Noun):
    """An engine's store that was found in a directory.

    ``engine`` is docker, containers-storage or containerd, ``drivers`` are those that have layers
    in it, ``versions`` what its files tell of the engines that used it. ``layers`` counts layers,
    or at least so many where ``limits`` says that not all was looked at.
    """

    engine: str
    drivers: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    layers: int = 0
    problems: tuple[Problem, ...] = ()
    limits: tuple[str, ...] = ()
