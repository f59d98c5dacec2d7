"""Layers of images that could not be unpacked: what is said around the call that failed.

This is told where no message says more. An errno alone does not name the call; the causes are
those that were measured or that the engine's source shows.
"""

from __future__ import annotations

from errno import EACCES, EINVAL, EIO, ENOTSUP, EPERM

from ..probes import link, name, node, owner, rename, rootless, symlink, xattr
from . import Cause, Check, Message
from ._causes import BROKEN, LOCAL, LONG_NAME, MARK, NODE

MESSAGES = (
    Message(
        "unpack/layer",
        r"\bApplyLayer\b|processing tar file\b|unpacking failed \(error|failed to extract layer|"
        r"\bunpack entry: |failed to register layer|apply layer error for|adding layer with blob",
        "dockerd, containerd, Podman, Buildah, CRI-O",
        "moby pkg/chrootarchive/diff_unix.go, archive_unix.go:invokeUnpack at v20.10.24; "
        "containers/storage pkg/chrootarchive/archive_unix.go:invokeUnpack at v1.43.0; containerd "
        "rootfs/apply.go:applyLayers at v1.6.20",
        "A layer of an image could not be unpacked. What failed stands behind it.",
        (
            Cause(
                "The file system makes no whiteouts, device nodes or FIFOs, as a layer may have.",
                checks=(
                    NODE,
                    Check(node.device, errnos=(EPERM, EACCES)),
                    Check(node.fifo, errnos=(EPERM, EACCES)),
                ),
                errnos=(EPERM, EACCES),
                look="mknod w c 0 0, there, as the engine; rootless before Linux 5.8 nobody may",
                remedy="fuse-overlayfs or vfs need no whiteouts of the kernel's; " + LOCAL,
            ),
            Cause(
                "Files cannot be given away there, as each of a layer is.",
                checks=(
                    Check(owner.chown, errnos=(EPERM, EACCES, ENOTSUP)),
                    Check(owner.created),
                ),
                errnos=(EPERM, EACCES, ENOTSUP),
                remedy="export with no_root_squash; " + LOCAL,
            ),
            Cause(
                "The file system keeps no mark of an opaque directory, which a layer needs that "
                "replaces one (measured on ramfs with Podman 4).",
                checks=(
                    MARK,
                    Check(xattr.user_overlay_opaque, errnos=(ENOTSUP,)),
                ),
                errnos=(ENOTSUP, EPERM),
                remedy=LOCAL,
            ),
            Cause(
                "The file system keeps no file capabilities, which a layer may have, and for which "
                "dockerd's vfs asks before 20.10.26 and 23.0.6.",
                checks=(
                    Check(xattr.capability_set, errnos=(ENOTSUP, EPERM)),
                    Check(xattr.security_capability, errnos=(ENOTSUP, EPERM)),
                ),
                errnos=(ENOTSUP, EPERM),
                remedy="update the engine; " + LOCAL,
            ),
            Cause(
                "The file system keeps no user.* attributes, which a layer may have (tmpfs before "
                "Linux 6.6).",
                checks=(Check(xattr.user, errnos=(ENOTSUP,)),),
                errnos=(ENOTSUP,),
                remedy=LOCAL,
            ),
            Cause(
                "The file system has no symbolic or no hard links.",
                checks=(
                    Check(symlink.target, errnos=(EPERM, ENOTSUP, EIO)),
                    Check(link.hard, errnos=(EPERM, ENOTSUP, EIO, EINVAL)),
                ),
                errnos=(EPERM, ENOTSUP, EIO, EINVAL),
                remedy=LOCAL,
            ),
            Cause(
                "The file system takes no such name: .wh. in front, or a : * or ? in it.",
                checks=(
                    Check(name.hidden, errnos=(EINVAL,)),
                    Check(name.special, errnos=(EINVAL,)),
                ),
                errnos=(EINVAL,),
                remedy=LOCAL,
            ),
            Cause(
                "An overlay there cannot remove a directory of a lower layer: the file system "
                "leaves no whiteout behind a rename, or keeps no mark.",
                checks=(Check(rename.whiteout), MARK),
                errnos=(EIO,),
                remedy=LOCAL,
            ),
            Cause(
                "Rootless: the server or the FUSE file system refuses the user's subordinate ids.",
                errnos=(EACCES,),
                look="podman unshare chown 1:1 a-file-there",
                remedy="put the store on a local disk of the user's",
            ),
            LONG_NAME,
            BROKEN,
        ),
    ),
    Message(
        "layer/pivot",
        r"[Ss]etting up pivot dir: ",
        "dockerd; Podman, Buildah, CRI-O",
        "moby pkg/chrootarchive/chroot_linux.go:chroot at v20.10.24; containers/storage "
        "pkg/chrootarchive/chroot_linux.go:chroot at v1.43.0",
        "The unpacker could not make a directory in the layer that it was to fill.",
        (
            Cause(
                "Rootless: the directory was given to one of the user's subordinate ids, of which "
                "the server or the FUSE file system knows nothing (measured on gocryptfs, "
                "mergerfs and NTFS-3G).",
                checks=(
                    Check(rootless.files, refutes=(), errnos=(EACCES, EPERM)),
                    Check(rootless.owners, refutes=(), errnos=(EACCES, EPERM)),
                ),
                errnos=(EACCES, EPERM),
                look="podman unshare ls -ld the directory of the message",
                remedy="put the store on a local disk of the user's",
            ),
        ),
    ),
    Message(
        "layer/attributes-ignored",
        r"ignored xattrs? (?:\S{1,200} )?in archive",
        "dockerd before 25.0; containerd; Podman before 5",
        "moby pkg/archive/archive.go:createTarFile at v20.10.24; containerd archive/tar.go:"
        "createTarFile at v1.6.20",
        "A warning: attributes of the layer's files were left out, since the file system does not "
        "support them. File capabilities are among them: ping, newuidmap and servers that open "
        "low ports lack them then.",
        (
            Cause(
                "The file system keeps no file capabilities.",
                checks=(Check(xattr.security_capability, errnos=(ENOTSUP,)),),
                when=r"security\.capability|ignored xattrs",
                remedy=LOCAL,
            ),
            Cause(
                "The file system keeps no user.* attributes.",
                checks=(Check(xattr.user, errnos=(ENOTSUP,)),),
                when=r"xattr user\.|ignored xattrs",
                remedy="Linux 6.6 for a tmpfs; " + LOCAL,
            ),
        ),
    ),
)
