"""Podman, Buildah, CRI-O, Skopeo: layers, images and their locks, when they are used.

Sources are files of containers/storage at v1.43.0 (Podman 4.3) unless another is named.
"""

from __future__ import annotations

from errno import EACCES, EBUSY, EEXIST, EINVAL, ELOOP, ENOENT, ENOLCK, ENOTSUP, EPERM, EROFS

from ..probes import lock, magic, mode, name, overlay, rootless, symlink, xattr
from . import Cause, Check, Message
from ._causes import (
    BROKEN,
    LOCAL,
    LOCKING,
    NO_ACCESS,
    NO_ACCESS_ROOTLESS,
    NO_RIGHT,
    NO_UPPER,
    OPTION,
    UNBINDABLE,
    UNKNOWN_WHY,
)

_SPEAKER = "Podman, Buildah, CRI-O"

MESSAGES = (
    Message(
        "podman/overlay-mount",
        r"creating overlay mount to \S{1,900}, mount_data=",
        _SPEAKER,
        "drivers/overlay/overlay.go:get; mount.go:mountFrom",
        "A container's root could not be mounted.",
        (
            NO_UPPER,
            Cause(
                "A layer cannot be a lower layer of an overlay: of an additional image store, too.",
                checks=(Check(overlay.lower),),
                errnos=(EINVAL,),
                look="dmesg | grep overlay; findmnt -T each lowerdir= of the message",
                remedy="put the store on a file system that overlay takes; an EROFS image of it",
            ),
            OPTION,
            UNBINDABLE,
            Cause(
                "A layer's directory, or its link in overlay/l, is gone.",
                problems=("links-missing", "links-gone", "layers-missing"),
                errnos=(ENOENT,),
                look="ls each lowerdir= of the message; podman system check",
                remedy="podman system check --repair (since 5.2); else pull the image anew",
            ),
            Cause(
                "Another overlay still uses the layer, and the overlay module has index=on.",
                errnos=(EBUSY,),
                look="cat /sys/module/overlay/parameters/index; dmesg | grep in-use",
            ),
            Cause(
                UNKNOWN_WHY + " Reports of it (podman#17555) end with the store reset.",
                errnos=(ELOOP,),
                look="dmesg | grep overlay; podman system check",
            ),
            NO_RIGHT,
            NO_ACCESS,
            NO_ACCESS_ROOTLESS,
            BROKEN,
        ),
    ),
    Message(
        "podman/lower-layer",
        r"can't stat lower layer \S{1,900}: ",
        _SPEAKER,
        "drivers/overlay/overlay.go:get",
        "A layer's link in <graphroot>/overlay/l could not be followed.",
        (
            Cause(
                "Links of the shape l/<ID> -> ../<id>/diff cannot be followed there (measured on "
                "sshfs, which gives their target otherwise).",
                checks=(
                    Check(symlink.overlay2),
                    Check(symlink.target),
                ),
                errnos=(EPERM, EACCES, EINVAL, ENOENT),
                remedy=LOCAL,
            ),
            Cause(
                "A layer is gone.",
                problems=("links-missing", "links-gone", "layers-missing"),
                errnos=(ENOENT,),
                look="ls -l <graphroot>/overlay/l",
                remedy="podman system check --repair (since 5.2); else pull the image anew",
            ),
        ),
    ),
    Message(
        "podman/image-store",
        r"can't stat imageStore dir",
        _SPEAKER,
        "drivers/overlay/overlay.go:parseOptions (strings.Split)",
        "An additional image store is not where storage.conf says.",
        (
            Cause(
                "The path has a comma, at which storage.conf's list of stores is cut.",
                checks=(Check(name.comma),),
                look="additionalimagestores in storage.conf",
                errnos=(ENOENT,),
                remedy="a path without a comma; a bind mount at such a path will do",
            ),
            Cause(
                "It is not mounted.",
                errnos=(ENOENT,),
                look="findmnt -T the path of the message",
                remedy="mount it before podman is used",
            ),
        ),
    ),
    Message(
        "podman/store-lock",
        r"open \S{1,900}/(?:images|layers|containers|storage|userns)\.lock: |"
        r"not a read-only lock|failed to acquire lock on \S{1,900}: ",
        _SPEAKER,
        "pkg/lockfile/lockfile.go:GetROLockfile, GetLockfile; lockfile_unix.go",
        "A lock of a store could not be opened or taken. A store that is only read needs one, too.",
        (
            Cause(
                "The store has no such file, and none can be made (podman#22565, EFS).",
                errnos=(EACCES, EROFS, EPERM, ENOENT),
                look="ls -l the path of the message",
                remedy="make images.lock and layers.lock in the store before it is shared; "
                "readable for everybody",
            ),
            Cause(
                "Other users may not read there.",
                checks=(Check(mode.others, refutes=()),),
                errnos=(EACCES,),
                remedy="FUSE: mount with allow_other; NFS: sec=sys",
            ),
            Cause(
                "The file system gives no locks by fcntl(2).",
                checks=(Check(lock.posix, errnos=(ENOLCK,)),),
                errnos=(ENOLCK,),
                remedy=LOCKING,
            ),
            Cause(
                "It is listed as an additional store, and as the graphroot or runroot as well.",
                when="read-only lock",
                look="grep -e additionalimagestores -e root storage.conf",
            ),
        ),
    ),
    Message(
        "podman/layer-unknown",
        r"(?<!parent of )layer not known|may be corrupted \(remove the image|"
        r"parent of layer not known|creating (?:read-write )?layer with ID|"
        r"parent snapshot \S{1,100} does not exist",
        f"{_SPEAKER}; containerd",
        "types/errors.go:ErrLayerUnknown; layers.go:create; containers/common "
        "libimage/image.go:isCorrupted; containerd snapshots/storage/bolt.go:CreateSnapshot",
        "An image needs a layer that the store does not have, or the layer that was to be made "
        "could not be.",
        (
            Cause(
                "Two hosts, or two processes that do not see each other's locks, write to one "
                "store (storage#2257).",
                when="not known|corrupted",
                look="who else mounts it; podman system check",
                remedy="share a store read-only (additionalimagestores), and write with one host",
            ),
            Cause(
                "A layer was removed or not written whole: unpacking it failed before this.",
                look="the messages before it; podman system check",
                remedy="podman rmi -f the image, and pull it anew",
            ),
            Cause(
                "The file system does not follow the driver's links (measured on sshfs, vfs: no "
                "such file or directory).",
                checks=(Check(symlink.target),),
                errnos=(ENOENT,),
                when="creating",
                remedy=LOCAL,
            ),
            Cause(
                "The file system fails, or may not be written to.",
                errnos=(EACCES, EPERM),
                when="creating",
                look="touch a file in <graphroot>/overlay, as the user of podman",
            ),
        ),
    ),
    Message(
        "podman/passwd",
        r"creating temporary passwd file for container",
        "Podman",
        "podman libpod/container_internal_common.go at v4.3.1; storage#1839 (BeeGFS)",
        "A file that goes into the container could not be made.",
        (
            Cause(
                "Not established; seen where owners and modes are kept in attributes (force_mask, "
                "as Podman enforces it for users on network file systems).",
                checks=(Check(magic.podman_rootless, confirms=(), refutes=()),),
                look="force_mask in storage.conf; podman info",
                remedy="put the graphroot on a local disk",
            ),
        ),
    ),
    Message(
        "podman/network-force-mask",
        r"Network file system detected as backing store",
        "Podman, Buildah, rootless with fuse-overlayfs",
        "drivers/overlay/overlay.go:Init",
        "A warning: owners and modes of the image's files are kept in the attribute "
        "user.containers.override_stat, because the server would not take them.",
        (
            Cause(
                "It goes on to fail (lsetxattr …: operation not supported) where the file system "
                "keeps no user.* attributes.",
                checks=(Check(xattr.user, errnos=(ENOTSUP,)),),
                remedy="NFS: version 4.2 on Linux 5.9 or newer at both ends; else a local "
                "graphroot",
            ),
        ),
    ),
    Message(
        "podman/subordinate-ids",
        r"potentially insufficient UIDs or GIDs available in (?:the )?user namespace",
        _SPEAKER,
        "pkg/idtools/idtools.go:checkChownErr",
        "A file of an image could not be given its owner in the user's namespace.",
        (
            Cause(
                "The user has too few subordinate ids.",
                # Root asks for a user who has enough.
                checks=(Check(rootless.ids, refutes=()),),
                errnos=(EINVAL,),
                look="grep $USER /etc/subuid /etc/subgid; podman unshare cat /proc/self/uid_map",
                remedy="usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER; "
                "podman system migrate",
            ),
            Cause(
                "The server takes no owners but the user's own (NFS, Lustre, GPFS homes).",
                checks=(Check(rootless.owners, refutes=(), errnos=(EPERM, EACCES)),),
                errnos=(EPERM,),
                look="podman unshare chown 1:1 a-file-there",
                remedy="put the graphroot on a local disk, or set force_mask in storage.conf",
            ),
        ),
    ),
    Message(
        "podman/links-lost",
        r"Can't (?:stat lower layer|read link|read parent link) .{0,900} because it does not exist",
        _SPEAKER,
        "drivers/overlay/overlay.go:get, getLower, getLowerDirs",
        "Links in <graphroot>/overlay/l are missing. They are made anew, which the message says.",
        (
            Cause(
                "The store was copied without its links, cut off while a layer was made, or lay "
                "on a disk that lost what was not synced.",
                problems=("links-missing", "links-gone"),
                look="ls <graphroot>/overlay/l | wc -l; podman system check",
                remedy="podman system check --repair (since 5.2); else podman system reset",
            ),
        ),
    ),
    Message(
        "podman/driver-overwritten",
        r"User-selected graph driver .{0,80} overwritten by graph driver .{0,80} from database",
        "Podman",
        "podman libpod/runtime.go:mergeDBConfig at v4.3.1",
        "Podman keeps the driver with which its database was made, whatever storage.conf says.",
        (
            Cause(
                "The first run picked the driver (vfs, if nothing else worked then).",
                look="podman info -f '{{.Store.GraphDriverName}}'",
                remedy="podman system reset, which removes all images and containers",
            ),
        ),
    ),
    Message(
        "podman/replacing-mount-point",
        r"replacing mount point .{0,900}: file exists",
        _SPEAKER,
        "drivers/overlay/overlay.go:Put at v1.55.0",
        "The empty directory merged could not be put in place of the one that was unmounted.",
        (
            Cause(
                "Something is left in merged, or it is mounted still; seen on network file systems "
                "with a forced mask (containers/storage#1839, BeeGFS).",
                errnos=(EEXIST,),
                look="findmnt <the path>; ls -A <the path>",
            ),
        ),
    ),
)
