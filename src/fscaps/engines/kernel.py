"""The Linux kernel's overlay itself, for what no engine manages."""

from __future__ import annotations

from ..model import Engine, Level, Need, Role
from ..probes import directory, mode, name, node, overlay

ENGINE = Engine(
    id="kernel",
    title="Linux overlay by hand",
    roles=(
        Role(
            id="kernel/overlay-lower",
            title="a lower layer of an overlay",
            needs=(
                Need(
                    (overlay.lower,),
                    because="The kernel must take the directory as a lower layer, and what is "
                    "deleted above it must be gone.",
                    source="fs/overlayfs/super.c:ovl_get_lowerstack",
                    says="mount: …: wrong fs type, bad option, bad superblock on overlay, missing "
                    "codepage or helper program, or other error.",
                    remedy="use another file system",
                ),
                Need(
                    (mode.bindable,),
                    because="overlay takes a private copy of the mount that a layer lies on.",
                    source="fs/overlayfs/super.c:ovl_get_layers (clone_private_mount)",
                    says="mount: …: wrong fs type, bad option, bad superblock on overlay, missing "
                    "codepage or helper program, or other error.",
                    remedy="mount --make-private",
                ),
                Need(
                    (directory.d_type,),
                    level=Level.SHOULD,
                    because="Where readdir does not tell types, whiteouts that lie in this layer "
                    "are listed as files. A layer without whiteouts is not affected.",
                    source="fs/overlayfs/readdir.c:ovl_cache_entry_new",
                    remedy="format again with mkfs.xfs -n ftype=1 or mkfs.ext4 -O filetype",
                ),
                Need(
                    (node.left,),
                    level=Level.SHOULD,
                    because="What is copied here as a whiteout becomes another kind of file, which "
                    "hides nothing. A layer without whiteouts is not affected.",
                    source="fs/overlayfs/overlayfs.h:ovl_is_whiteout; measured on archivemount and "
                    "exfat-fuse",
                    remedy="copy no layer here that has whiteouts",
                ),
                *(
                    Need(
                        (probe,),
                        level=Level.SHOULD,
                        because=f"In mount(8)'s lowerdir= a {probe.id[5:]} of the path has to be "
                        "escaped by a backslash.",
                        source="fs/overlayfs/params.c; Documentation/filesystems/overlayfs.rst",
                        remedy="escape it, or give the layer by lowerdir+ (Linux 6.8)",
                    )
                    for probe in (name.colon, name.comma, name.backslash)
                ),
            ),
        ),
    ),
)
