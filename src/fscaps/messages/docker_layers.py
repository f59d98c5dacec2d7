"""Docker Engine with its classic image store: layers, when they are pulled, mounted and removed.

Sources are files of moby at v20.10.24 unless another version is named; go-archive is its layer
unpacker (pkg/archive there, vendor/github.com/moby/go-archive in docker-v29.0.0).
"""

from __future__ import annotations

from errno import (
    EACCES,
    EINVAL,
    EIO,
    ELOOP,
    ENOENT,
    ENOSYS,
    ENOTSUP,
    EPERM,
)

from ..probes import (
    owner,
    rootless,
    symlink,
    xattr,
)
from . import Cause, Check, Message
from ._causes import (
    BROKEN,
    FULL,
    LOCAL,
    MARK,
    NODE,
    NODE_REFUSED,
    UNKNOWN_WHY,
    UNWRITABLE,
    XATTR_REFUSED,
)

_NAMED = r'xattr "|lsetxattr (?:security|user|trusted|system)\.|set xattr "?[a-z]+\.'


def _set(attribute: str) -> str:
    """The line names this attribute, or none."""
    name = attribute.replace(".", r"\.")
    return rf'(?:xattr "?|lsetxattr ){name}|^(?!.*(?:{_NAMED}))'


MESSAGES = (
    Message(
        "docker/layer-loop",
        r"/merged: too many levels of symbolic links",
        "dockerd, overlay2",
        "daemon/graphdriver/overlay2/overlay.go:Get",
        "mount(2) of a container's root ended with ELOOP.",
        (
            Cause(
                UNKNOWN_WHY + " Reports of it (moby#46498, podman#17555) end with the store pruned "
                "or deleted; none shows a file system at fault.",
                errnos=(ELOOP,),
                look="ls -l <data-root>/overlay2/l; cat <layer>/lower; dmesg | grep overlay",
                remedy="remove the container and the image, and pull it anew; keep a copy of the "
                "layer's link and lower files for a report",
            ),
        ),
    ),
    Message(
        "docker/overlay2-link",
        r"symlink \.\./\S{0,200}/diff \S{0,600}/l/\S{0,60}",
        "dockerd, overlay2",
        "daemon/graphdriver/overlay2/overlay.go:create (the link), Init (makes l/ once)",
        "A layer's short link could not be made in overlay2/l.",
        (
            Cause(
                "overlay2/l is gone. dockerd makes it once, when it starts: something was mounted "
                "over overlay2 under a running dockerd, or it was emptied or replaced.",
                problems=("links-gone",),
                errnos=(ENOENT,),
                look="ls -d <data-root>/overlay2/l; findmnt -R <data-root>",
                remedy="mount the whole data-root before dockerd starts (RequiresMountsFor=), and "
                "restart dockerd",
            ),
            Cause(
                "The file system keeps no symbolic links.",
                # Who follows no link (nosymfollow, ELOOP) makes them all the same.
                checks=(
                    Check(symlink.overlay2, errnos=(EPERM, EACCES, ENOTSUP, EINVAL, EIO, ENOSYS)),
                ),
                remedy=LOCAL,
            ),
            FULL,
            UNWRITABLE,
        ),
    ),
    Message(
        "docker/lsetxattr",
        r"lsetxattr (?:\S{1,200} )?\S{1,900}: (?:xattr \S{1,200}: )?[a-z]|"
        r"\bset xattr \S{1,400} for \S{1,900}: |failed to set xattr \S{1,200} on \S{1,900}: ",
        "dockerd since 25.0 for layers; Podman and Docker for volumes (:z) and forced masks",
        "pkg/system/xattrs.go:XattrError at v25.0.5 to v27; go-archive archive.go:createTarFile, "
        "xattr_supported.go:lsetxattr at docker-v29.0.0; "
        "containers/storage pkg/system/xattrs_linux.go:Lsetxattr at v1.43.0",
        "An extended attribute could not be set.",
        (
            Cause(
                "The layer carries file capabilities, and the file system keeps none "
                "(security.capability).",
                checks=(Check(xattr.capability_set, errnos=(ENOTSUP,)),),
                errnos=(ENOTSUP,),
                when=_set("security.capability"),
                remedy=LOCAL,
            ),
            Cause(
                "An owner is kept in user.containers.override_stat (force_mask, as Podman enforces "
                "it rootless on network file systems), or the layer has such attributes, and the "
                "file system keeps no user.* attributes.",
                checks=(Check(xattr.user, errnos=(ENOTSUP,)),),
                errnos=(ENOTSUP,),
                when=_set("user."),
                remedy="NFS: version 4.2 on Linux 5.9 or newer at both ends; else " + LOCAL,
            ),
            Cause(
                "An SELinux label was to be set (:z, :Z), and the file system keeps none.",
                checks=(Check(xattr.security_selinux, errnos=(ENOTSUP,)),),
                errnos=(ENOTSUP,),
                when=_set("security.selinux"),
                remedy="leave out :z and set a context for the whole mount (context=), or export "
                "NFS 4.2 with security_label",
            ),
            Cause(
                "trusted.* attributes are not kept.",
                checks=(Check(xattr.trusted, errnos=(ENOTSUP,)),),
                errnos=(ENOTSUP,),
                when=r'xattr "?trusted\.|lsetxattr trusted\.',
                remedy=LOCAL,
            ),
            Cause(
                "The file system refuses file capabilities with EPERM, which stops the pull.",
                checks=(Check(xattr.declined, errnos=(EPERM,)),),
                errnos=(EPERM,),
                when=_set("security.capability"),
                remedy=LOCAL,
            ),
            Cause(
                "user.* attributes were to be set on a FIFO, socket, device or link, which no file "
                "system keeps (a forced mask does that, podman#24595).",
                errnos=(EPERM,),
                look="file the path of the message, in the image",
            ),
            BROKEN,
        ),
    ),
    Message(
        "docker/opaque",
        r"f?setxattr\([^)]{0,900}(?:trusted|user)\.overlay\.opaque",
        "dockerd, overlay2",
        "pkg/archive/archive_linux.go:ConvertRead",
        "A layer replaces a directory, and the directory could not be marked so.",
        (
            Cause(
                "The file system keeps no trusted.overlay.opaque.",
                checks=(MARK,),
                errnos=XATTR_REFUSED,
                when=r"trusted\.",
                remedy=LOCAL,
            ),
            Cause(
                "The file system keeps no user.overlay.opaque.",
                checks=(Check(xattr.user_overlay_opaque, errnos=XATTR_REFUSED),),
                errnos=XATTR_REFUSED,
                when=r"user\.overlay",
                remedy=LOCAL,
            ),
        ),
    ),
    Message(
        "docker/mknod",
        r"failed to mknod\(\S{1,900} S_IFCHR, 0\)",
        "dockerd, overlay2",
        "pkg/archive/archive_linux.go:ConvertRead",
        "A layer deletes a file, and the whiteout could not be made.",
        (
            Cause(
                "The file system makes no device node 0:0.",
                checks=(NODE,),
                errnos=NODE_REFUSED,
                remedy=LOCAL,
            ),
            Cause(
                "dockerd may not make one: a container without CAP_MKNOD, a user namespace before "
                "Linux 5.8, a device cgroup.",
                errnos=(EPERM,),
                look="mknod w c 0 0, there",
            ),
        ),
    ),
    Message(
        "docker/lchown",
        r"\blchown \S{1,900}: (?:operation not permitted|invalid argument|operation not supported)"
        r"|failed to Lchown \S{1,900} for UID.{0,900}: (?:operation not|invalid argument)",
        "dockerd; Podman; containerd",
        "go-archive archive.go:createTarFile",
        "A file of a layer could not be given its owner.",
        (
            Cause(
                "Files cannot be given away there: the server squashes root, or the mount gives "
                "every file one owner.",
                # Where what is made belongs to another, giving away may be accepted all the same.
                checks=(
                    Check(owner.chown, errnos=(EPERM, EACCES, ENOTSUP)),
                    Check(owner.created, confirms=()),
                ),
                errnos=(EPERM, ENOTSUP),
                remedy="export with no_root_squash, drop uid= and all_squash; else " + LOCAL,
            ),
            Cause(
                "Rootless: the user has too few subordinate ids for the owners in the image.",
                # Root asks for a user who has enough.
                checks=(Check(rootless.ids, refutes=()),),
                errnos=(EINVAL, EPERM),
                look="grep $USER /etc/subuid /etc/subgid",
                remedy="give it 65536 ids, then restart dockerd or podman system migrate",
            ),
        ),
    ),
)
