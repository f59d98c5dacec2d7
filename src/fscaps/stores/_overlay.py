"""Layers in the form that overlay2 and containers/storage share, and attributes of overlayfs.

A layer <id> has a directory diff, a file link with a short name, and, unless it is the lowest, a
file lower with the short names of those below it; l/<short name> is a link to ../<id>/diff.
"""

from __future__ import annotations

import os
import re
from collections import deque
from errno import EINVAL, ENOENT

from .._linux import xattrs
from .._linux.directory import Directory
from ..errors import printable
from ._look import FILES, LAYERS, examples, is_gone, small

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._look import Look

_LAYER = re.compile(rb"[0-9a-f]{64}(?:-init)?|[0-9a-z]{25}")
_TARGET = re.compile(rb"\.\./([^/]+)/diff")
_SHORT = re.compile(rb"[A-Z0-9]{1,64}")
_KINDS = ("metacopy", "redirect", "opaque", "origin")
_ON_TOP = {"origin": "index"}  # what means something else on the top of a layer
_FOLDERS = (4, 0)  # DT_DIR, DT_UNKNOWN
_DEEPEST = 12


def layers_of(names: Iterable[bytes]) -> list[bytes]:
    """Those that are names of layers."""
    return [name for name in names if _LAYER.fullmatch(name)]


def check_links(look: Look, place: str, layers: list[bytes], source: str, *, mended: bool) -> None:
    """Compare the links in <place>/l with the layers; ``mended``: the engine makes them anew."""
    with look.inside(place) as home, look.inside(place, "l") as links:
        if home is None or links is None:
            if home and look.is_gone(place, "l"):
                _gone(look, place, source, mended=mended)
            return
        missing = _missing(look, home, links, layers, elsewhere=mended)
        if missing:
            _lost(look, place, examples(missing), source, mended=mended)
        dangling = _dangling(look, home, links)
    if dangling:
        look.found(
            "links-dangling",
            f"Links in {place}/l lead to no layer: {examples(dangling)}.",
            source,
            "layers were removed by hand, or lie below something that is mounted; remove the "
            "images that had them, and pull them anew",
            breaks=False,
        )


def _gone(look: Look, place: str, source: str, *, mended: bool) -> None:
    look.found(
        "links-gone",
        f"There is no directory {place}/l, in which each layer has a link.",
        source,
        "look for a mount over it (findmnt -R)"
        + ("" if mended else "; dockerd makes l when it starts, but not the links of old layers"),
        breaks=not mended,
    )


def _lost(look: Look, place: str, which: str, source: str, *, mended: bool) -> None:
    look.found(
        "links-missing",
        f"Links in {place}/l are missing ({which}).",
        source,
        "Podman makes them anew when it needs them; podman system check"
        if mended
        else "for each layer: ln -s ../<id>/diff l/$(cat <id>/link), with dockerd stopped",
        breaks=not mended,
    )


def _missing(
    look: Look, home: Directory, links: Directory, layers: list[bytes], *, elsewhere: bool
) -> list[str]:
    """The layers whose link is not there, and links that other layers need in vain.

    A layer's parents may lie elsewhere, in an additional image store; then their links do, too.
    """
    lost: dict[str, None] = {}
    for layer in layers[:LAYERS]:
        if look.late:
            break
        try:
            with home.directory(layer) as directory:
                own = small(directory, "link")
                below = small(directory, "lower") or b""
        except OSError:
            continue
        wanted = [own or b""]
        if not elsewhere:
            wanted += [name.removeprefix(b"l/") for name in below.split(b":")]
        for name in wanted:
            if _SHORT.fullmatch(name) and _is_lost(links, name):
                lost[os.fsdecode(name)] = None
    if len(layers) > LAYERS:
        look.limit(f"{LAYERS} layers were looked into")
    return list(lost)


def _is_lost(links: Directory, name: bytes) -> bool:
    """Whether there certainly is no link of that name and shape."""
    try:
        return not _TARGET.fullmatch(links.readlink(name))
    except OSError as error:
        return error.errno in (ENOENT, EINVAL)


def _dangling(look: Look, home: Directory, links: Directory) -> list[str]:
    lost = []
    for name in look.names(links, LAYERS):
        if look.late:
            break
        try:
            target = _TARGET.fullmatch(links.readlink(name))
            if target and is_gone(home, target[1]):
                lost.append(os.fsdecode(name))
        except OSError:
            continue
    return lost


def check_attributes(look: Look, place: tuple[str, ...], layers: list[bytes], tree: str) -> None:
    """Look for what a copy of the layers would lose or leave pointing nowhere."""
    if not _sees_trusted():
        look.limit("trusted.overlay.* were not looked for, which takes CAP_SYS_ADMIN")
    seen: dict[str, str] = {}
    left = FILES
    for layer in layers[:LAYERS]:
        if look.late or left <= 0 or len(seen) == len(_LOSSES):
            break
        with look.inside(*place, layer, tree) as top:
            if top is not None:
                where = f"{os.fsdecode(layer)}/{tree}"
                for kind in _marks(top.fd):
                    seen.setdefault(_ON_TOP.get(kind, kind), where)
                left -= 1 + _walk(look, top, where, seen, left)
    if left <= 0:
        look.limit(f"the attributes of {FILES} files of layers were looked at")
    for kind, (name, what, source, remedy) in _LOSSES.items():
        if kind in seen:
            text = what.format(path=printable(seen[kind][:200]))
            look.found(name, text, source, remedy, breaks=False)


def _sees_trusted() -> bool:
    from .._linux import processes  # noqa: PLC0415 - the worker has it

    return "CAP_SYS_ADMIN" in processes.capabilities()


def _walk(look: Look, top: Directory, where: str, seen: dict[str, str], most: int) -> int:
    """Take down an example of each kind of attribute below; the number of files looked at."""
    waiting: deque[tuple[bytes, ...]] = deque([()])
    looked = 0
    while waiting and looked < most and not look.late:
        names = waiting.popleft()
        directory = _below(top, names)
        if directory is None:
            continue
        with directory:
            for entry in look.entries(directory, most - looked):
                looked += 1
                path = (*names, entry.name)
                for kind in _marks_at(directory, entry.name):
                    seen.setdefault(kind, f"{where}/{os.fsdecode(b'/'.join(path))}")
                if entry.type in _FOLDERS and len(path) < _DEEPEST:
                    waiting.append(path)
    return looked


def _below(top: Directory, names: tuple[bytes, ...]) -> Directory | None:
    """The directory at the end of these names, without following a link; None if it is none."""
    at = Directory(os.dup(top.fd))
    for name in names:
        try:
            below = at.directory(name)
        except OSError:
            at.close()
            return None
        at.close()
        at = below
    return at


def _marks_at(directory: Directory, name: bytes) -> list[str]:
    try:
        handle = directory.open(name, os.O_PATH)
    except OSError:
        return []
    try:
        return _marks(handle)
    finally:
        os.close(handle)


def _marks(handle: int) -> list[str]:
    """The kinds of attributes that an open file has."""
    try:
        attributes = set(xattrs.names_by_path(f"/proc/self/fd/{handle}"))
    except OSError:
        return []  # a link, a socket, or a file system without attributes
    return [
        kind for kind in _KINDS if {f"trusted.overlay.{kind}", f"user.overlay.{kind}"} & attributes
    ]


_COPY = (
    "in a copy without these attributes: copy as root with "
    "rsync -aHAXS --numeric-ids, or tar --xattrs --xattrs-include='*'"
)
_LOSSES = {
    "metacopy": (
        "copy-metacopy",
        "A file whose content lies in a lower layer (metacopy): {path}.",
        "fs/overlayfs/util.c:ovl_check_metacopy_xattr",
        f"it is empty {_COPY}",
    ),
    "redirect": (
        "copy-redirect",
        "A directory that leads to its content by name (redirect): {path}.",
        "fs/overlayfs/namei.c:ovl_check_redirect",
        f"it is empty {_COPY}",
    ),
    "opaque": (
        "copy-opaque",
        "A directory that hides what lower layers have in it (opaque): {path}.",
        "fs/overlayfs/namei.c:ovl_is_opaquedir",
        f"what was deleted is there again {_COPY}",
    ),
    "index": (
        "copy-origin",
        "A layer that was mounted with index=on has a handle of its lower one (origin): {path}.",
        "fs/overlayfs/namei.c:ovl_verify_set_fh",
        "a copy cannot be mounted with index=on (ESTALE): mount it with index=off, as dockerd does",
    ),
    "origin": (
        "copy-origin",
        "A handle of the inode that a file was copied up from (origin): {path}.",
        "fs/overlayfs/namei.c:ovl_check_origin; fs/overlayfs/copy_up.c:ovl_set_origin",
        "in a copy it leads nowhere and is passed over: inode numbers differ, and nothing else",
    ),
}
"""What each kind means: the problem's id, what it is, the source, and what to do."""
