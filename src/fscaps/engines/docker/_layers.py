"""What the entries of image layers are made of, and what unpacking them therefore takes."""

from __future__ import annotations

from dataclasses import replace

from ...model import Level, Need
from ...probes import link, name, node, owner, symlink, time, xattr
from .._remedies import LOCAL, OWNERS

REGISTER = "failed to register layer: "
CONTENT = (
    Need(
        (owner.created,),
        because="Files that root creates must belong to root; here the server gives them away.",
        source="go-archive archive.go:createTarFile",
        says=REGISTER + "ApplyLayer … lchown …: operation not permitted",
        remedy=OWNERS,
    ),
    Need(
        (owner.chown,),
        because="Each entry of a layer is given its owner, whatever the number.",
        source="go-archive archive.go:createTarFile",
        says=REGISTER + "ApplyLayer … lchown …: {error}",
        remedy=OWNERS,
    ),
    Need(
        (owner.mode,),
        because="Each entry is given its mode; setuid, setgid and sticky must stay.",
        source="go-archive archive_unix.go:handleLChmod",
        says=REGISTER + "ApplyLayer … chmod …: {error}",
        remedy=LOCAL,
    ),
    Need(
        (symlink.target,),
        because="Images are full of symbolic links.",
        source="go-archive archive.go:createTarFile",
        says=REGISTER + "ApplyLayer … symlink …: {error}",
        remedy=LOCAL,
    ),
    Need(
        (owner.lchown,),
        because="Symbolic links of a layer are given their owner, too.",
        source="go-archive archive.go:createTarFile",
        says=REGISTER + "ApplyLayer … lchown …: {error}",
        remedy=LOCAL,
    ),
    Need(
        (link.hard,),
        because="Images contain hard links.",
        source="go-archive archive.go:createTarFile",
        says=REGISTER + "ApplyLayer … link …: {error}",
        remedy=LOCAL,
    ),
    Need(
        (link.inode,),
        level=Level.SHOULD,
        because="Hard links do not show as such, so copying them makes separate files.",
        source="daemon/graphdriver/copy/copy.go:DirCopy (by inode number)",
        remedy="have the FUSE server keep inode numbers (use_ino, inodecalc=passthrough)",
    ),
)
NODES = (
    Need(
        (node.fifo,),
        because="Images may contain FIFOs.",
        source="go-archive archive_unix.go:handleTarTypeBlockCharFifo",
        says=REGISTER + "ApplyLayer … {error}",
        remedy=LOCAL,
    ),
    Need(
        (node.device,),
        because="Images may contain device nodes.",
        source="go-archive archive_unix.go:handleTarTypeBlockCharFifo",
        says=REGISTER + "ApplyLayer … {error}",
        remedy=LOCAL,
    ),
)
CAPABILITY = Need(
    (xattr.security_capability,),
    because="File capabilities of images are lost: ping, newuidmap and many servers then lack "
    "them.",
    source="pkg/archive/archive.go:createTarFile",
    remedy=LOCAL,
)
CAPABILITIES = (
    Need(
        (xattr.capability_set,),
        because="Layers carry file capabilities (ping, newuidmap, many servers). Docker before 25 "
        "drops them with a warning in its log; since 25 the pull stops.",
        source="pkg/archive/archive.go:createTarFile; BestEffortXattrs there since v25.0.0",
        says=REGISTER + "… lsetxattr …: {error}",
        remedy=LOCAL,
        since="25",
    ),
    replace(CAPABILITY, level=Level.SHOULD),
)
NAMES = (
    Need(
        (name.length,),
        because="Images contain long names (node_modules); here they do not fit.",
        source="go-archive archive.go:createTarFile",
        says=REGISTER + "ApplyLayer … {error}",
        remedy="leave out the layer that shortens names (eCryptfs, gocryptfs -longnamemax, encfs)",
    ),
    Need(
        (name.case,),
        level=Level.SHOULD,
        because="Of two names in an image that differ only in case, the later replaces the earlier "
        "without a word.",
        source="go-archive diff.go:UnpackLayer (an existing entry is removed first)",
        remedy="use a directory without casefold (chattr -F), a share without nocase",
    ),
    Need(
        (name.undecodable,),
        level=Level.SHOULD,
        because="An image with a name that is not UTF-8 cannot be unpacked.",
        source="go-archive archive.go:createTarFile",
        remedy="use a file system that takes names as bytes, such as ext4 or xfs",
    ),
)
TIMES = (
    Need(
        (time.nanosecond,),
        level=Level.SHOULD,
        because="Times are cut short; changes within the same tick are missed by docker commit.",
        source="go-archive changes.go:sameFsTime",
        remedy="use a file system with nanosecond times, such as ext4 with 256-byte inodes or xfs",
    ),
    Need(
        (xattr.user,),
        level=Level.SHOULD,
        because="A layer that carries user.* attributes loses them (Docker before 25) or cannot be "
        "unpacked (since 25); few do. tmpfs before Linux 6.6 is the usual case.",
        source="go-archive archive.go:createTarFile",
        remedy="mount with user_xattr, or use ext4 or xfs",
    ),
)
LAYERS = (*CONTENT, *NODES, *CAPABILITIES, *NAMES, *TIMES)
