"""What becomes of a lower layer's files in an overlay whose upper layer lies elsewhere."""

from __future__ import annotations

from . import No, _layers, _overlay, _stacked, directory, overlay, probe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._area import Area


@probe(
    "Does a file of a lower layer stay one file when it is linked?",
    # overlay.lower goes into a mount namespace of its own, out of which the overlay that is mounted
    # from outside cannot be mounted anew (fs/namespace.c:clone_private_mount).
    after=(
        *(overlay.remount, overlay.native_diff, overlay.metacopy),
        *(overlay.lower, directory.writable),
    ),
)
def linked(area: Area) -> None:
    """Link a file of the layer in an overlay with its upper on a tmpfs; both names by stat(2).

    The kernel does not follow a copied file back to a layer without a UUID, as all by FUSE are, so
    that the names of one file have two inode numbers until the overlay is mounted anew.
    (fs/overlayfs/super.c:ovl_lower_uuid_ok)
    """
    area.build_on(overlay.lower, "no overlay can be mounted above it")
    here = _overlay.inside(area)
    with _stacked.local() as local, _stacked.above(here, "l1", local) as merged:
        _layers.link(merged)
        names = [merged.stat(name) for name in ("read", "linked")]
    first, second = ((status.st_dev, status.st_ino) for status in names)
    if first != second:
        raise No("the two names have different inode numbers")
