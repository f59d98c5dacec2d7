"""What every unpacker of image layers does to a file system, whichever engine it belongs to.

Each engine gives the function of its source that does it, and the words that it begins a failure
with. How it treats attributes, whiteouts and device nodes differs, and stands with the engine.
"""

from __future__ import annotations

from dataclasses import replace

from ..model import Level, Need
from ..probes import directory, link, mode, name, node, overlay, owner, symlink, time
from ._remedies import LOCAL, OWNERS, ROOM

MODE = Need(
    (mode.created,),
    level=Level.SHOULD,
    because="What containers make has another mode than their umask leaves: others are shut out of "
    "it, or let in.",
    source="umask(2); acl(5): a directory hands on its default ACL",
    says="permission denied",
    remedy="setfacl -k on the directory, before an engine writes there; on a share, have the "
    "server keep modes",
)
GROUP = Need(
    (owner.group,),
    level=Level.SHOULD,
    because="What containers make belongs to the group of its directory, not to that of who makes "
    "it.",
    source="mount(8), grpid",
    remedy="mount without grpid (bsdgroups)",
)
SETGID = Need(
    (mode.inherited,),
    level=Level.SHOULD,
    because="The directory hands on its setgid bit to those that are made in it, and they do to "
    "what containers make.",
    source="inode(7); measured with podman 4.3.1",
    remedy="chmod g-s, before an engine writes there",
)
MADE = (MODE, GROUP)
"""Of what containers make."""

_BY_PROGRAM = replace(
    MODE,
    because=f"{MODE.because} Where a default ACL is the cause, fuse-overlayfs makes neither FIFO "
    "nor device node: mkfifo and mknod fail in a container.",
    source=f"{MODE.source}; measured with fuse-overlayfs 1.10",
)


def by_program(need: Need) -> Need:
    """The same where fuse-overlayfs mounts for an engine."""
    return _BY_PROGRAM if need is MODE else need


def entries(source: str, says: str) -> tuple[Need, ...]:
    """Owners, modes and links of layers; ``says`` comes before the failing call's name."""
    return (
        Need(
            (owner.created,),
            because="Files that root creates must belong to root; here the server gives them away.",
            source=source,
            says=says + "lchown …: operation not permitted",
            remedy=OWNERS,
        ),
        Need(
            (owner.chown,),
            because="Each entry of a layer is given its owner, whatever the number.",
            source=source,
            says=says + "lchown …: {error}",
            remedy=OWNERS,
        ),
        *modes_and_links(source, says),
        Need(
            (owner.lchown,),
            because="Symbolic links of a layer are given their owner, too.",
            source=source,
            says=says + "lchown …: {error}",
            remedy=LOCAL,
        ),
    )


def modes_and_links(source: str, says: str) -> tuple[Need, ...]:
    """Of those, what does not depend on who one is."""
    return (
        Need(
            (owner.mode,),
            because="Each entry is given its mode; setuid, setgid and sticky must stay.",
            source=source,
            says=says + "chmod …: {error}",
            remedy=LOCAL,
        ),
        Need(
            (symlink.target,),
            because="Images are full of symbolic links.",
            source=source,
            says=says + "symlink …: {error}",
            remedy=LOCAL,
        ),
        Need(
            (link.hard,),
            because="Images contain hard links.",
            source=source,
            says=says + "link …: {error}",
            remedy=LOCAL,
        ),
        Need(
            (link.changed,),
            because="Hard links are given owner, mode and time like any entry; here a file of "
            "several names is read-only.",
            source=source,
            says=says + "lchown …: {error}",
            remedy=LOCAL,
        ),
        Need(
            (link.inode,),
            level=Level.SHOULD,
            because="Hard links do not show as such, so copying them makes separate files.",
            source=source,
            remedy="have the FUSE server keep inode numbers (use_ino, inodecalc=passthrough)",
        ),
    )


def fifos(source: str, says: str) -> Need:
    """Named pipes."""
    return Need(
        (node.fifo,),
        because="Images may contain FIFOs.",
        source=source,
        says=says + "{error}",
        remedy=LOCAL,
    )


def devices(source: str, says: str) -> Need:
    """Device nodes, which an engine in a user namespace leaves out."""
    return Need(
        (node.device,),
        because="Images may contain device nodes.",
        source=source,
        says=says + "{error}",
        remedy=LOCAL,
    )


def names(source: str, says: str) -> tuple[Need, ...]:
    """Names of layers."""
    return (
        Need(
            (name.length,),
            because="Images contain long names (node_modules); here they do not fit.",
            source=source,
            says=says + "{error}",
            remedy="leave out the layer that shortens names (eCryptfs, gocryptfs -longnamemax, "
            "encfs)",
        ),
        Need(
            (name.case,),
            level=Level.SHOULD,
            because="Of two names in an image that differ only in case, the later replaces the "
            "earlier without a word.",
            source=source,
            remedy="use a directory without casefold (chattr -F), a share without nocase",
        ),
        Need(
            (name.undecodable,),
            level=Level.SHOULD,
            because="An image with a name that is not UTF-8 cannot be unpacked.",
            source=source,
            remedy="use a file system that takes names as bytes, such as ext4 or xfs",
        ),
    )


def times(source: str) -> Need:
    """Times of layers."""
    return Need(
        (time.nanosecond,),
        level=Level.SHOULD,
        because="The times of files are cut short.",
        source=source,
        remedy="use a file system with nanosecond times, such as ext4 with 256-byte inodes or xfs",
    )


_IN_CONTAINERS = "the kernel's overlay mounts here, and then this fails inside containers"
USED_OVERLAY = (
    Need(
        (overlay.copy_up,),
        because=f"Writing to a file of the image: {_IN_CONTAINERS}.",
        source="fs/overlayfs/copy_up.c:ovl_copy_up_one",
        says="{error}",
        remedy=LOCAL,
        if_full=ROOM,
    ),
    Need(
        (overlay.capability,),
        level=Level.SHOULD,
        because="A program of the image with a file capability (ping) loses it as a container "
        "changes its mode or time.",
        source="fs/overlayfs/copy_up.c:ovl_copy_up_metadata",
        says="operation not permitted",
        remedy=LOCAL,
    ),
    Need(
        (overlay.whiteout,),
        because=f"Deleting a file of the image: {_IN_CONTAINERS}.",
        source="fs/overlayfs/dir.c:ovl_whiteout",
        says="{error}",
        remedy=LOCAL,
        if_full=ROOM,
    ),
    Need(
        (overlay.opaque,),
        because=f"Deleting a directory of the image and making it anew: {_IN_CONTAINERS}.",
        source="fs/overlayfs/dir.c:ovl_create_over_whiteout, ovl_set_opaque",
        says="{error}",
        remedy=LOCAL,
        if_full=ROOM,
    ),
    Need(
        (overlay.rename,),
        because=f"Renaming a file of the image: {_IN_CONTAINERS}.",
        source="fs/overlayfs/dir.c:ovl_rename",
        says="{error}",
        remedy=LOCAL,
        if_full=ROOM,
    ),
    Need(
        (overlay.special,),
        because=f"Links, owners, FIFOs, device nodes, setuid bits: {_IN_CONTAINERS}.",
        source="fs/overlayfs/dir.c:ovl_link, ovl_create_object",
        says="{error}",
        remedy=LOCAL,
        if_full=ROOM,
    ),
    Need(
        (overlay.execute,),
        because=f"Running a program of the image: {_IN_CONTAINERS}.",
        source="fs/exec.c:bprm_execve; fs/overlayfs/file.c:ovl_read_iter, ovl_mmap",
        says="{error}",
        remedy=LOCAL,
        if_full=ROOM,
    ),
    Need(
        (overlay.remount,),
        because="What a container changed must be there when it is started again.",
        source="fs/overlayfs/super.c:ovl_fill_super",
        remedy=LOCAL,
        if_full=ROOM,
    ),
)
"""What containers do in a mounted overlay, whoever mounted it."""

CHANGES = Need(
    (directory.distinct,),
    level=Level.SHOULD,
    because="Different files have the same inode number when a directory is read, by which commit "
    "and build tell what a container has changed: they find no change, and all of it is lost.",
    source="go-archive, containers/storage pkg/archive: changes_linux.go:walk; measured on fuse2fs "
    "with docker 20.10.24 and podman 4.3.1",
    remedy="have the FUSE server tell inode numbers (use_ino, readdir_ino)",
)
"""How a driver without an overlay finds what a container has changed."""

ASKED_THROUGH_PROGRAM = Need(
    (symlink.attribute,),
    because="An image that is committed has each entry asked for its file capability; of a "
    "symbolic link the server asks what it leads to, which is nothing outside the container.",
    source="containers/storage pkg/archive/archive.go:ReadSecurityXattrToTarHeader; measured on "
    "mhddfs with podman 4.3.1",
    says="lgetxattr …: {error}",
    remedy=LOCAL,
)
"""What podman asks of symbolic links, and fuse-overlayfs hands on."""
ASKED_OF_LINKS = Need(
    (symlink.attribute,),
    because="The driver copies a layer file by file and asks each for its attributes; of a "
    "symbolic link the server asks what it leads to, which is nothing outside the container.",
    source="daemon/graphdriver/copy/copy.go:copyXattr; containers/storage drivers/copy/"
    "copy_linux.go:doCopyXattrs; measured on mhddfs with docker 20.10.24 and podman 4.3.1",
    says="{error}",
    remedy=LOCAL,
)
"""What the driver vfs asks of symbolic links."""
LISTING = Need(
    (directory.block,),
    level=Level.SHOULD,
    because="The server refuses to be read as much of a directory at a time as the GNU C library "
    "asks for, so that ls, rm -r and the like fail in containers; engines ask for less.",
    source="glibc sysdeps/unix/sysv/linux/opendir.c:__alloc_dir; fs/fuse/readdir.c; measured on "
    "davfs2",
    says="… invalid argument",
    remedy=LOCAL,
)
"""What containers do on a bind mount of a directory."""
LINKED = Need(
    (link.owner,),
    level=Level.SHOULD,
    because="A file on a volume that is given a second name changes its owner without a word.",
    source="link(2); measured on loggedfs with docker 20.10.24 and podman 4.3.1",
    remedy=LOCAL,
)
"""What containers do on a volume."""
LISTING_OF_ROOT = replace(
    LISTING,
    level=Level.MUST,
    because="The server refuses to be read as much of a directory at a time as the GNU C library "
    "asks for: what rm -r deletes in a container's root is still there.",
)
"""What containers do where their root is such a mount."""
LISTED_BY_PROGRAM = replace(
    LISTING,
    level=Level.MUST,
    because="fuse-overlayfs reads directories as the GNU C library does, and the server refuses to "
    "be read that much at a time.",
    source="containers/fuse-overlayfs v1.10 main.c:load_dir; measured on davfs2's manner with "
    "docker 20.10.24 and podman 4.3.1",
    says="fuse-overlayfs: cannot read upper dir: {Error}",
)
"""What the program fuse-overlayfs does."""
